"""What can happen to an attempt of a task, and making it happen.

| fault | the effect | what the state machine hears |
|---|---|---|
| ``error:E`` | never happens | the error E, at once |
| ``timeout-before`` | never happens | nothing: the state's timeout |
| ``timeout-after`` | happens | nothing: the state's timeout |
| ``late:S`` | happens S seconds later | nothing: the state's timeout |
| ``crash`` | happens | that the function died |
| ``dies:K`` | happens up to its K-th call outside, which is not made, nor any after it | that the function died |
| ``fails:K`` | happens, but its K-th call outside is not made, and raises an error | what the task makes of it |
| ``twice`` | happens twice, in turn | the second answer |
| ``between:K`` | happens twice, all of the second inside the first, at its K-th call outside | the first's answer |
| ``meet:K`` | happens, and at its K-th call outside the `intruder` comes in and does what it can | the answer |
| ``lost`` | never happens, at this attempt and every later one of this visit | timeouts |
| ``unheard`` | happens at every attempt of this visit | timeouts |
| ``down:E:S`` | never happens here, nor in any task that can meet E, for S seconds | the error E, at once |

Where a state waits for a token, what is heard in place of its timeout is that the function ran out of its own time.
A word from outside (a callback) meets ``drop``, ``repeat`` or ``late:S``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache, partial
from random import Random
from typing import TYPE_CHECKING, Any

from asl.engine.task_functions import NEVER
from asl.language.errors import StatesError

if TYPE_CHECKING:
    from asl.engine.engine import Engine
    from asl.engine.requests import Complete, Invoke, TaskRequest

Plan = Mapping[str, str]
"""The fault at each site. A site is ``Machine/execution:State#visit.attempt``, or ``word:<name>``."""

FIRST_WAIT = 60.0
CRASH, OUT_OF_TIME = "Lambda.Unknown", "Sandbox.Timedout"
FUNCTION_SECONDS = 900.0
"""No function runs longer on Lambda: where the state itself waits for days, that ends an unheard attempt."""
EACH = 4
"""So many retries of a visit meet faults one and all; of a longer wait for somebody else those that double it, since
one more of the same answer changes only the time."""
WORD_FAULTS = ("drop", "repeat", "late:3600", "late:2678400")
"""A month late, so that whoever waited for it has given up mostly."""


class Died(BaseException):
    """The function's machine is gone: nothing in a task may catch it."""


class CallFailed(Exception):
    """A call outside can't be made: for the edge to say in its own words."""


@dataclass(frozen=True)
class Met:
    """A site that a run came by, when, and the faults that can happen there."""

    site: str
    at: float
    faults: tuple[str, ...]
    fault: str = ""


@dataclass
class Injector:
    """Stands between an engine and its tasks, and lets a plan happen.

    Attributes:
        plan: what happens where.
        errors: the errors that a task can truly raise, by its state's name.
        calls: how many calls outside a state's task may make, for dice: they are thrown before it is called. Where a
            plan is played they are counted, each by its `checkpoint`.
        intruder: what comes in, once, for ``meet``: such as starting another execution on the same thing.
        dice: where given, each site meets a random fault with `chance`, instead of the plan.
    """

    plan: Plan
    errors: Callable[[str], Sequence[str]] = lambda state: ()
    calls: Callable[[str], int] = lambda state: 0
    intruder: Callable[[], None] | None = None
    late_seconds: Sequence[int] = (60, 7200)
    dice: Random | None = None
    chance: float = 0.15
    met: list[Met] = field(default_factory=list)
    _visits: dict[str, int] = field(default_factory=dict)
    _standing: dict[str, str] = field(default_factory=dict)
    _down: dict[str, float] = field(default_factory=dict)
    _inside: Callable[[], None] | None = None
    _countdown: int = 0
    _calls: int = 0
    active: bool = True

    def invoke(self, engine: Engine, run: Invoke) -> Invoke:
        """`run` under the plan: what to give an Engine."""

        def invoke(request: TaskRequest, complete: Complete) -> None:
            if not self.active:
                run(request, complete)
                return
            visit = self._visit(request)
            fault = self._is_down(request.state, engine.now) or self._standing.get(visit)
            fault = fault or self._meet(visit, engine.now, request)
            if fault:
                self._happen(fault, visit, engine, run, request, complete)
            else:
                self._watch(run, request, complete)

        return invoke

    def say(self, engine: Engine, name: str, word: Callable[[], bool], patience: float = 14 * 86400) -> None:
        """Say a word from outside until it is heard (True), ever less often; or as the plan has it."""
        fault = ""
        if self.active:
            fault = self._decide(f"word:{name}", engine.now, WORD_FAULTS)
        if fault == "drop":
            return

        def attempt(wait: float) -> None:
            if not word() and wait < patience:
                engine.call_at(engine.now + wait, lambda: attempt(wait * 1.5))

        delay = float(fault.partition(":")[2] or 0)
        for _ in range(2 if fault == "repeat" else 1):
            engine.call_at(engine.now + delay, lambda: attempt(FIRST_WAIT))

    def checkpoint(self) -> None:
        """Called by a world's edges before each call outside: where a second run can come in between."""
        self._calls += 1
        if self._inside is None:
            return
        self._countdown -= 1
        if self._countdown == 0:
            inside, self._inside = self._inside, None
            inside()

    # Where a run is.

    def _visit(self, request: TaskRequest) -> str:
        place = f"{request.context['StateMachine']['Name']}/{request.execution_name}:{request.state}"
        if request.attempt == 0:
            self._visits[place] = self._visits.get(place, 0) + 1
        return f"{place}#{self._visits.get(place, 1)}"

    def _meet(self, visit: str, now: float, request: TaskRequest) -> str:
        is_told_apart = request.attempt <= EACH or request.attempt.bit_count() == 1
        calls = self.calls(request.state) if self.dice else 0
        faults = self._faults(request.state, calls) if is_told_apart else ()
        return self._decide(f"{visit}.{request.attempt}", now, faults)

    def _decide(self, site: str, now: float, faults: tuple[str, ...]) -> str:
        fault = self.plan.get(site, "")
        if self.dice is not None and faults:
            fault = self.dice.choice(faults) if self.dice.random() < self.chance else ""
        self.met.append(Met(site, now, faults, fault))
        return fault

    def _faults(self, state: str, calls: int) -> tuple[str, ...]:
        return every_fault(tuple(self.errors(state)), tuple(self.late_seconds), calls, self.intruder is not None)

    def _is_down(self, state: str, now: float) -> str:
        for error, until in self._down.items():
            if now < until and error in self.errors(state):
                return f"error:{error}"
        return ""

    # What happens.

    def _watch(self, run: Invoke, request: TaskRequest, complete: Complete) -> None:
        """Run the task as it is, and see how many calls it makes: so many faults could have come in between."""
        place, met = len(self.met) - 1, self.met[-1]
        self._calls = 0
        run(request, complete)
        if met.faults and self.dice is None:
            self.met[place] = replace(met, faults=self._faults(request.state, self._calls))

    def _happen(
        self, fault: str, visit: str, engine: Engine, run: Invoke, request: TaskRequest, complete: Complete
    ) -> None:
        kind, _, detail = fault.partition(":")
        if kind in ("lost", "unheard"):
            self._standing[visit] = fault
        if kind in ("unheard", "timeout-after", "crash", "twice"):
            run(request, ignore)
        if kind == "late":
            engine.call_at(engine.now + float(detail), lambda: run(request, ignore))
        if kind == "down":
            detail, _, seconds = detail.partition(":")
            self._down[detail] = engine.now + float(seconds)
        if kind in ("error", "down"):
            complete(StatesError(detail, f"injected {detail}"))
        elif kind in ("crash", "dies"):
            if kind == "dies":
                self._kill(int(detail), run, request)
            complete(StatesError(CRASH, "injected crash"))
        elif kind == "fails":
            self._fail(int(detail), run, request, complete)
        elif kind in ("between", "meet"):
            inside = partial(run, request, ignore) if kind == "between" else partial(self._let_in, engine)
            self._interrupt(int(detail), inside, run, request, complete)
        elif kind == "twice":
            run(request, complete)
        else:
            complete(NEVER)
            if request.integration.waits_for_token:
                engine.call_at(engine.now + FUNCTION_SECONDS, lambda: complete(StatesError(OUT_OF_TIME, "injected")))

    def _interrupt(
        self, at: int, inside: Callable[[], None], run: Invoke, request: TaskRequest, complete: Complete
    ) -> None:
        """Run the task with something in its middle, or right after it where it makes fewer calls."""
        answers: list[Any] = []
        self._countdown, self._inside = at, inside
        run(request, answers.append)
        if self._inside is not None:
            self._inside = None
            inside()
        for answer in answers:
            complete(answer)

    def _kill(self, at: int, run: Invoke, request: TaskRequest) -> None:
        """Run the task until its call number `at`, or to its end where it makes fewer."""

        def die() -> None:
            raise Died

        self._countdown, self._inside = at, die
        with suppress(Died):
            run(request, ignore)
        self._inside = None

    def _fail(self, at: int, run: Invoke, request: TaskRequest, complete: Complete) -> None:
        """Run the task with its call number `at` failed, or whole where it makes fewer."""

        def fail() -> None:
            raise CallFailed

        self._countdown, self._inside = at, fail
        run(request, complete)
        self._inside = None

    def _let_in(self, engine: Engine) -> None:
        intruder, self.intruder = self.intruder, None
        if intruder is not None:
            intruder()
            engine.run_due()


@cache
def every_fault(errors: tuple[str, ...], late_seconds: tuple[int, ...], calls: int, may_meet: bool) -> tuple[str, ...]:
    """Of an attempt that can raise these errors and makes so many calls outside."""
    return (
        *(f"error:{error}" for error in errors),
        "timeout-before",
        "timeout-after",
        *(f"late:{seconds}" for seconds in late_seconds),
        "crash",
        "twice",
        *(f"{kind}:{k}" for kind in ("between", "dies", "fails") for k in range(2, calls + 1)),
        *(f"meet:{k}" for k in range(1, calls + 2) if may_meet),
        "lost",
        "unheard",
        *(f"down:{error}:86400" for error in errors if error.endswith("Unavailable")),
    )


def passed(met: Sequence[Met], dice: Random, chance: float) -> int:
    """How many of these sites the dice let pass without a fault, thrown as an `Injector` throws them."""
    for n, each in enumerate(met):
        if each.faults and dice.random() < chance:
            return n
    return len(met)


def ignore(answer: Any) -> None:
    """Nobody hears."""
