"""The fault injector: it stands between an engine and its tasks, and injects the faults of a plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Any

from asl.engine.engine import Engine
from asl.engine.requests import Complete, Invoke, TaskRequest
from asl.engine.task_functions import NEVER
from asl.explorer.faults import (
    CRASH,
    FUNCTION_SECONDS,
    FUNCTION_TIMEOUT,
    MESSAGE_FAULTS,
    CallFailed,
    Died,
    FaultPlan,
    faults_of,
)
from asl.language.errors import StatesError

FIRST_RETRY_SECONDS = 60.0
"""The delay before a message is delivered, and delivered again if nobody accepts it."""
FAULTY_ATTEMPTS = 4
"""The first retries of a visit all meet faults. Of the later ones only the 8th, 16th, 32nd … do, because one more
identical response changes only the time."""


@dataclass(frozen=True)
class VisitedSite:
    """A site that a run has reached: when, the faults that are possible there, and the injected one."""

    site: str
    at: float
    faults: tuple[str, ...]
    fault: str = ""


@dataclass
class FaultInjector:
    """Calls the tasks of an engine, and injects faults.

    Attributes:
        plan: the fault at each site.
        errors: the errors that a task can raise, by its state's name.
        calls: the maximum number of external calls of a state's task. Random walks need it, because the dice are
            thrown before the task runs. With a plan, the calls are counted by `checkpoint`.
        concurrent_action: runs once, for the fault ``meet``; for example, it starts another execution.
        dice: if set, each site meets a random fault with the probability `chance`, instead of the plan's.
        visited: the sites that the run has reached, in order.
    """

    plan: FaultPlan
    errors: Callable[[str], Sequence[str]] = lambda state: ()
    calls: Callable[[str], int] = lambda state: 0
    concurrent_action: Callable[[], None] | None = None
    late_seconds: Sequence[int] = (60, 7200)
    dice: Random | None = None
    chance: float = 0.15
    visited: list[VisitedSite] = field(default_factory=list)
    active: bool = True
    _visit_counts: dict[str, int] = field(default_factory=dict)
    _lasting_faults: dict[str, str] = field(default_factory=dict)
    _outages: dict[str, float] = field(default_factory=dict)
    _interruption: Callable[[], None] | None = None
    _calls_before_interruption: int = 0
    _call_count: int = 0

    def invoke(self, engine: Engine, run: Invoke) -> Invoke:
        """Wrap the invoke function of an engine."""

        def invoke(request: TaskRequest, complete: Complete) -> None:
            if not self.active:
                run(request, complete)
                return
            visit = self._visit(request)
            fault = self._outage_error(request.state, engine.now) or self._lasting_faults.get(visit)
            fault = fault or self._reach_attempt(visit, engine.now, request)
            if fault:
                self._inject(fault, visit, engine, run, request, complete)
            else:
                self._run_and_count(run, request, complete)

        return invoke

    def send_message(
        self, engine: Engine, name: str, deliver: Callable[[], bool], patience: float = 14 * 86400
    ) -> None:
        """Deliver an external message until `deliver` returns True, at growing intervals; or as the plan says."""
        fault = ""
        if self.active:
            fault = self._reach_site(f"message:{name}", engine.now, MESSAGE_FAULTS)
        if fault == "drop":
            return

        def attempt(wait: float) -> None:
            if not deliver() and wait < patience:
                engine.call_at(engine.now + wait, lambda: attempt(wait * 1.5))

        delay = float(fault.partition(":")[2] or 0)
        for _ in range(2 if fault == "repeat" else 1):
            engine.call_at(engine.now + delay, lambda: attempt(FIRST_RETRY_SECONDS))

    def checkpoint(self) -> None:
        """A world's adapters call this before each external call. An interruption can take place here."""
        self._call_count += 1
        if self._interruption is None:
            return
        self._calls_before_interruption -= 1
        if self._calls_before_interruption == 0:
            interrupt, self._interruption = self._interruption, None
            interrupt()

    # Sites.

    def _visit(self, request: TaskRequest) -> str:
        state = f"{request.context['StateMachine']['Name']}/{request.execution_name}:{request.state}"
        if request.attempt == 0:
            self._visit_counts[state] = self._visit_counts.get(state, 0) + 1
        return f"{state}#{self._visit_counts.get(state, 1)}"

    def _reach_attempt(self, visit: str, now: float, request: TaskRequest) -> str:
        may_be_faulty = request.attempt <= FAULTY_ATTEMPTS or request.attempt.bit_count() == 1
        call_count = self.calls(request.state) if self.dice else 0
        faults = self._faults_of(request.state, call_count) if may_be_faulty else ()
        return self._reach_site(f"{visit}.{request.attempt}", now, faults)

    def _reach_site(self, site: str, now: float, faults: tuple[str, ...]) -> str:
        """Record the site; returns the fault to inject there, or an empty string."""
        fault = self.plan.get(site, "")
        if self.dice is not None and faults:
            fault = self.dice.choice(faults) if self.dice.random() < self.chance else ""
        self.visited.append(VisitedSite(site, now, faults, fault))
        return fault

    def _faults_of(self, state: str, call_count: int) -> tuple[str, ...]:
        has_concurrent_action = self.concurrent_action is not None
        return faults_of(tuple(self.errors(state)), tuple(self.late_seconds), call_count, has_concurrent_action)

    def _outage_error(self, state: str, now: float) -> str:
        for error, until in self._outages.items():
            if now < until and error in self.errors(state):
                return f"error:{error}"
        return ""

    # Injection.

    def _run_and_count(self, run: Invoke, request: TaskRequest, complete: Complete) -> None:
        """Run the task without a fault, and add the faults that its external calls make possible."""
        index, site = len(self.visited) - 1, self.visited[-1]
        self._call_count = 0
        run(request, complete)
        if site.faults and self.dice is None:
            self.visited[index] = replace(site, faults=self._faults_of(request.state, self._call_count))

    def _inject(
        self, fault: str, visit: str, engine: Engine, run: Invoke, request: TaskRequest, complete: Complete
    ) -> None:
        kind, _, detail = fault.partition(":")
        if kind in ("lost", "unheard"):
            self._lasting_faults[visit] = fault
        if kind in ("unheard", "timeout-after", "crash", "twice"):
            run(request, ignore_result)
        if kind == "late":
            engine.call_at(engine.now + float(detail), lambda: run(request, ignore_result))
        if kind == "down":
            detail, _, seconds = detail.partition(":")
            self._outages[detail] = engine.now + float(seconds)
        if kind in ("error", "down"):
            complete(StatesError(detail, f"injected {detail}"))
        elif kind in ("crash", "dies"):
            if kind == "dies":
                self._kill_at_call(int(detail), run, request)
            complete(StatesError(CRASH, "injected crash"))
        elif kind == "fails":
            self._fail_call(int(detail), run, request, complete)
        elif kind in ("between", "meet"):
            second_run = partial(run, request, ignore_result)
            interrupt = second_run if kind == "between" else partial(self._run_concurrent_action, engine)
            self._interrupt_at_call(int(detail), interrupt, run, request, complete)
        elif kind == "twice":
            run(request, complete)
        else:
            complete(NEVER)
            if request.integration.waits_for_token:
                timeout = StatesError(FUNCTION_TIMEOUT, "injected")
                engine.call_at(engine.now + FUNCTION_SECONDS, lambda: complete(timeout))

    def _interrupt_at_call(
        self, call: int, interrupt: Callable[[], None], run: Invoke, request: TaskRequest, complete: Complete
    ) -> None:
        """Run the task with an interruption at an external call, or at its end if it makes fewer calls."""
        results: list[Any] = []
        self._calls_before_interruption, self._interruption = call, interrupt
        run(request, results.append)
        if self._interruption is not None:
            self._interruption = None
            interrupt()
        for result in results:
            complete(result)

    def _kill_at_call(self, call: int, run: Invoke, request: TaskRequest) -> None:
        """Run the task up to an external call, or to its end if it makes fewer calls."""

        def die() -> None:
            raise Died

        self._calls_before_interruption, self._interruption = call, die
        with suppress(Died):
            run(request, ignore_result)
        self._interruption = None

    def _fail_call(self, call: int, run: Invoke, request: TaskRequest, complete: Complete) -> None:
        """Run the task with one failing external call, or unchanged if it makes fewer calls."""

        def fail() -> None:
            raise CallFailed

        self._calls_before_interruption, self._interruption = call, fail
        run(request, complete)
        self._interruption = None

    def _run_concurrent_action(self, engine: Engine) -> None:
        action, self.concurrent_action = self.concurrent_action, None
        if action is not None:
            action()
            engine.run_due()


def count_faultless_sites(visited: Sequence[VisitedSite], dice: Random, chance: float) -> int:
    """How many of these sites the dice pass before the first fault, thrown as a `FaultInjector` throws them."""
    for index, each in enumerate(visited):
        if each.faults and dice.random() < chance:
            return index
    return len(visited)


def ignore_result(result: Any) -> None:
    """Completes a task without telling the state machine."""
