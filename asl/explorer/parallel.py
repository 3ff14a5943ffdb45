"""Parallel search: the parts of a search run in several processes, which share a deadline."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from ctypes import c_double
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import Value
from types import FrameType
from typing import Any

from asl.explorer.coverage import Transition
from asl.explorer.report import ScheduleResult, SearchReport
from asl.explorer.scenario import Scenario
from asl.explorer.search import collect_results, run_exhaustively, run_walks

PARTS = 16
"""The parts of the pairs of a scenario: small enough that no process works on the last one for long."""
WALKS_IN_SHARE = 250


@dataclass(frozen=True)
class SearchShare:
    """The work of one process: a part of all plans up to a depth, or a number of walks."""

    module: str
    scenario: str
    depth: int = 1
    part: int = 0
    parts: int = 1
    walks: int = 0
    seed: int = 0

    def run(self, scenario: Scenario) -> Iterator[ScheduleResult]:
        if self.walks:
            return run_walks(scenario, self.walks, self.seed)
        return run_exhaustively(scenario, self.depth, self.part, self.parts)


def load_scenarios(module: str) -> dict[str, Scenario]:
    """A module's scenarios by name."""
    if "" not in sys.path:
        sys.path.insert(0, "")
    return {each.name: each for each in import_module(module).scenarios()}


def unreachable_transitions(module: str) -> Mapping[Transition, str]:
    """The transitions that a module declares unreachable, with the reasons."""
    return getattr(import_module(module), "UNREACHABLE", {})


def exhaustive_shares(module: str, scenarios: Sequence[Scenario], depth: int) -> Iterator[SearchShare]:
    """All plans of up to `depth` faults, limited by each scenario's own depth."""
    for each in scenarios:
        scenario_depth = min(depth, each.depth)
        parts = PARTS if scenario_depth > 1 else 1
        yield from (SearchShare(module, each.name, scenario_depth, part, parts) for part in range(parts))


def walk_shares(scenarios: Sequence[tuple[str, str]], count: int, seed: int) -> Iterator[SearchShare]:
    """A number of walks, distributed over the scenarios. A scenario is given by its module and its name."""
    for start in range(0, count, WALKS_IN_SHARE):
        module, name = scenarios[start // WALKS_IN_SHARE % len(scenarios)]
        yield SearchShare(module, name, walks=min(WALKS_IN_SHARE, count - start), seed=seed + start)


def run_shares(
    shares: Sequence[SearchShare], processes: int, seconds: float = 0
) -> Iterator[tuple[SearchShare, SearchReport]]:
    """Each share and its report, in order of completion. After `seconds`, or Ctrl-C, the shares stop early."""
    until = Value(c_double, time.time() + seconds if seconds else float("inf"), lock=False)
    with ProcessPoolExecutor(processes, initializer=initialize_process, initargs=(until,)) as pool:
        futures = {pool.submit(run_share, share): share for share in shares}
        with stopped_by_signal(until):
            for future in as_completed(futures):
                yield futures[future], future.result()


@contextmanager
def stopped_by_signal(until: Any) -> Iterator[None]:
    """SIGINT and SIGTERM move the deadline to now. The second signal has its usual effect."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def stop(number: int, frame: FrameType | None) -> None:
        until.value = 0
        signal.signal(number, handlers[signal.Signals(number)])

    for number in handlers:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


deadline: Any = None
"""In a process of the pool: the shared deadline, in seconds since 1970."""


def initialize_process(until: Any) -> None:
    """Runs in each new process. Ctrl-C reaches the whole process group; only the parent handles it."""
    global deadline
    deadline = until
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def is_over() -> bool:
    return bool(time.time() > deadline.value)


def run_share(share: SearchShare) -> SearchReport:
    if is_over():
        return SearchReport(share.scenario, stopped=True)
    scenario = load_scenarios(share.module)[share.scenario]
    return collect_results(scenario, share.run(scenario), is_over)
