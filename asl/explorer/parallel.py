"""Sharing a search out over processes, which stop together: at a deadline, or when somebody has seen enough."""

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

from asl.explorer.coverage import Move
from asl.explorer.search import Report, Run, Scenario, collect, exhaustive, walked

PARTS = 16
"""Into how many the pairs of a scenario are cut: small enough that no process is long alone with the last."""
BATCH = 250
"""How many walks a process takes at once."""


@dataclass(frozen=True)
class Share:
    """One process's part of a search: of all plans of so many faults, or so many walks."""

    module: str
    scenario: str
    depth: int = 1
    part: int = 0
    parts: int = 1
    walks: int = 0
    seed: int = 0

    def runs(self, scenario: Scenario) -> Iterator[Run]:
        if self.walks:
            return walked(scenario, self.walks, self.seed)
        return exhaustive(scenario, self.depth, self.part, self.parts)


def load(module: str) -> dict[str, Scenario]:
    """A module's scenarios by name."""
    if "" not in sys.path:
        sys.path.insert(0, "")
    return {each.name: each for each in import_module(module).scenarios()}


def unreachable(module: str) -> Mapping[Move, str]:
    """The transitions that a module says nothing can take, and why."""
    return getattr(import_module(module), "UNREACHABLE", {})


def shares(module: str, scenarios: Sequence[Scenario], depth: int) -> Iterator[Share]:
    """Every plan of up to `depth` faults, or as deep as the scenario goes."""
    for each in scenarios:
        deep = min(depth, each.depth)
        parts = PARTS if deep > 1 else 1
        yield from (Share(module, each.name, deep, part, parts) for part in range(parts))


def walking(places: Sequence[tuple[str, str]], count: int, seed: int) -> Iterator[Share]:
    """So many walks, dealt out to the scenarios, each given as its module and its name."""
    for n in range(0, count, BATCH):
        module, name = places[n // BATCH % len(places)]
        yield Share(module, name, walks=min(BATCH, count - n), seed=seed + n)


def explore(work: Sequence[Share], processes: int, seconds: float = 0) -> Iterator[tuple[Share, Report]]:
    """Each share's report as it ends. After so many seconds, or a Ctrl-C, each ends with what it has found."""
    until = Value(c_double, time.time() + seconds if seconds else float("inf"), lock=False)
    with ProcessPoolExecutor(processes, initializer=enlist, initargs=(until,)) as pool:
        shares = {pool.submit(play, share): share for share in work}
        with ended_by_hand(until):
            for future in as_completed(shares):
                yield shares[future], future.result()


@contextmanager
def ended_by_hand(until: Any) -> Iterator[None]:
    """Ctrl-C or a polite kill brings the deadline forward to now; the second time it is what it always is."""
    known = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def enough(number: int, frame: FrameType | None) -> None:
        until.value = 0
        signal.signal(number, known[signal.Signals(number)])

    for number in known:
        signal.signal(number, enough)
    try:
        yield
    finally:
        for number, handler in known.items():
            signal.signal(number, handler)


deadline: Any = None
"""In a process of the crew: when to stop, in seconds since 1970, shared by all of them."""


def enlist(until: Any) -> None:
    """In each new process. A Ctrl-C reaches the whole group, and is for the first of it alone."""
    global deadline
    deadline = until
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def is_over() -> bool:
    return bool(time.time() > deadline.value)


def play(share: Share) -> Report:
    if is_over():
        return Report(share.scenario, stopped=True)
    scenario = load(share.module)[share.scenario]
    return collect(scenario, share.runs(scenario), is_over)
