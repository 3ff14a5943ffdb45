"""Singles, pairs and walks: which plans are played, and what is asked after each."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from asl.engine.history import ENTERED
from asl.explorer.faults import Injector, Met, Plan, passed
from asl.explorer.memory import Memory
from asl.explorer.quiescence import LONGEST, PATIENCE_SECONDS, TOO_BUSY, Endless, patience, restless

if TYPE_CHECKING:
    from asl.engine.engine import Engine
    from asl.engine.execution import Execution


class World(Protocol):
    """A fresh world, its engine wired through the injector."""

    @property
    def engine(self) -> Engine: ...

    def play(self) -> None:
        """Begin what the scenario is about; the explorer runs the engine until nothing is left to happen."""

    def violations(self) -> list[str]:
        """What must hold and doesn't, each as a sentence. Asked when nothing is left to happen."""

    def effects(self) -> list[str]:
        """The ids of all that was done outside and in the books: nothing may be there twice."""


@runtime_checkable
class Rewindable(Protocol):
    """A world that can be put back to where it stood, so that what comes before a fault is played once for many."""

    def changing(self) -> Iterable[object]:
        """What of it changes while it is played, beside its engine: all that these hold is put back as well."""


@dataclass(frozen=True)
class Scenario:
    """A story to explore.

    Attributes:
        name: for reports and saved schedules.
        world: builds a world around an injector.
        injector: makes an injector for a plan, and dice for a walk.
        depth: so many faults at once are played exhaustively, and no more; a story of a fault may need less than two.
    """

    name: str
    world: Callable[[Injector], World]
    injector: Callable[[Plan, Random | None], Injector]
    depth: int = 2


@dataclass(frozen=True)
class Finding:
    """A plan under which something that must hold did not."""

    scenario: str
    plan: Plan
    problems: tuple[str, ...]


@dataclass
class Run:
    """What became of one plan. `parked` has each machine that took part, and how many of its executions failed;
    `never_ends` is a run that was stopped while it computed, and nothing in its world holds then."""

    plan: Plan
    met: list[Met]
    problems: list[str]
    parked: Counter[str]
    moves: set[tuple[str, str, str]]
    seconds: float
    never_ends: bool = False


@dataclass
class Tally:
    """Schedules, and those of them that broke something or left an execution failed; seconds are one process's."""

    schedules: int = 0
    violations: int = 0
    parked: int = 0
    seconds: float = 0.0

    def __iadd__(self, other: Tally) -> Tally:
        self.schedules += other.schedules
        self.violations += other.violations
        self.parked += other.parked
        self.seconds += other.seconds
        return self


@dataclass
class Report:
    """What a search came to.

    Attributes:
        machines: the schedules in which a machine had a part, by the machine's name.
        moves: the transitions that were taken: machine, from, to.
        stopped: it wasn't let to its end.
    """

    scenario: str
    tally: Tally = field(default_factory=Tally)
    machines: dict[str, Tally] = field(default_factory=partial(defaultdict, Tally))
    findings: list[Finding] = field(default_factory=list)
    moves: set[tuple[str, str, str]] = field(default_factory=set)
    stopped: bool = False

    def count(self, run: Run) -> None:
        broken = bool(run.problems)
        self.tally += Tally(1, broken, any(run.parked.values()), run.seconds)
        for machine, parked in run.parked.items():
            self.machines[machine] += Tally(1, broken, bool(parked), run.seconds)
        self.moves |= run.moves
        if broken:
            self.findings.append(Finding(self.scenario, run.plan, tuple(run.problems)))

    def add(self, other: Report) -> None:
        """Take in what another search of the same scenario came to."""
        self.tally += other.tally
        for machine, tally in other.machines.items():
            self.machines[machine] += tally
        self.findings += other.findings
        self.moves |= other.moves
        self.stopped |= other.stopped


class Play:
    """A world under a plan, from its beginning or from wherever it was put back to.

    Attributes:
        moments: how the world stood before each site that it came by, where it can be put back there.
    """

    def __init__(self, scenario: Scenario, plan: Plan, dice: Random | None = None) -> None:
        self.began = time.perf_counter()
        self.plan = plan
        self.dice = dice
        self.injector = scenario.injector(plan, dice)
        self.world = scenario.world(self.injector)
        self.moments: list[Memory | None] = []
        self.world.play()

    def again(self, plan: Plan, moment: Memory) -> None:
        """Go on from that moment under another plan."""
        self.began = time.perf_counter()
        moment.restore()
        self.plan = self.injector.plan = plan

    def finish(self, remembering: bool = False) -> Run:
        """Play to the end, ask what must hold, redrive what failed once, and ask again."""
        try:
            with patience(PATIENCE_SECONDS):
                return self._finished(remembering)
        except Endless as endless:
            *_, last = ("nowhere", *(met.site for met in self.injector.met))
            problems = [f"{last} never ends: {endless}"]
            seconds = time.perf_counter() - self.began
            return Run(self.plan, [], problems, Counter(), set(), seconds, never_ends=True)

    def _finished(self, remembering: bool) -> Run:
        world, injector, engine = self.world, self.injector, self.world.engine
        busy = self._remembered() if remembering and isinstance(world, Rewindable) else restless(engine)
        problems = [*busy, *stuck(engine), *world.violations(), *repeated(world)]
        met = injector.met.copy()
        failed = [each for each in engine.executions.values() if each.status in ("FAILED", "TIMED_OUT")]
        parked = Counter({each.machine.name: 0 for each in engine.executions.values()})
        parked.update(each.machine.name for each in failed)
        happened = {each.site: each.fault for each in met if each.fault} if self.dice else self.plan
        if not happened:
            problems += [f"{each.machine.name} {each.name} is {each.status}, and no fault was met" for each in failed]
        if failed:
            injector.active = False
            problems += redriven(engine, failed, world)
        moves = {(each.machine.name, *move) for each in engine.executions.values() for move in transitions(each)}
        return Run(happened, met, problems, parked, moves, time.perf_counter() - self.began)

    def _remembered(self) -> Iterator[str]:
        """Let all happen, as ``restless`` does, and remember how all stood before each step that may meet a fault."""
        world, engine, met = self.world, self.world.engine, self.injector.met
        assert isinstance(world, Rewindable)
        self.moments = [None] * len(met)
        for _ in range(LONGEST):
            step = engine.event_queue.peek()
            if step is None:
                return
            may_meet = step.kind in ("invoke", "call")
            moment = Memory([engine, self.injector, *world.changing()]) if may_meet else None
            engine.step()
            self.moments += [moment] * (len(met) - len(self.moments))
        yield TOO_BUSY


def check(scenario: Scenario, plan: Plan, dice: Random | None = None) -> Run:
    """Play one plan to its end, ask what must hold, redrive what failed once, and ask again."""
    return Play(scenario, plan, dice).finish()


def stuck(engine: Engine) -> Iterator[str]:
    """Nothing is left to happen: whoever still runs waits without a deadline."""
    for each in engine.executions.values():
        if each.running:
            yield f"{each.machine.name} {each.name} waits for ever in {each.path[-1]}"


def redriven(engine: Engine, failed: Sequence[Execution], world: World) -> Iterator[str]:
    """After repair, one redrive each: everything ends, and nothing is done again."""
    for each in failed:
        engine.redrive(each)
    busy = [*restless(engine)]
    for each in failed:
        if each.status != "SUCCEEDED":
            yield f"{each.machine.name} {each.name} is {each.status} after a redrive: {each.error} {each.cause}"
    for problem in (*busy, *stuck(engine), *world.violations(), *repeated(world)):
        yield f"after the redrive: {problem}"


def repeated(world: World) -> Iterator[str]:
    done = world.effects()
    if len(set(done)) != len(done):
        for effect in sorted({each for each in done if done.count(each) > 1}):
            yield f"{effect} was done {done.count(effect)} times"


def transitions(execution: Execution) -> Iterator[tuple[str, str]]:
    """From which state to which it went, in each branch and iteration."""
    records = execution.history_builder.records
    for kind, _, previous, details in records:
        if kind in ENTERED and details and previous:
            before, _, _, left = records[previous - 1]
            if before.endswith("StateExited") and left:
                yield left["name"], details["name"]


def singles(scenario: Scenario) -> Report:
    """Every fault at every attempt of every task, one at a time."""
    return collect(scenario, exhaustive(scenario, 1))


def pairs(scenario: Scenario) -> Report:
    """Every fault at every attempt, and then every fault at every attempt that came after it."""
    return collect(scenario, exhaustive(scenario, 2))


def walks(scenario: Scenario, count: int, seed: int = 0) -> Report:
    """So many seeded walks, each with a random fault here and there; what it finds is shrunk to its shortest."""
    return collect(scenario, walked(scenario, count, seed))


def collect(scenario: Scenario, runs: Iterable[Run], is_over: Callable[[], bool] = lambda: False) -> Report:
    """What the runs came to, and as many of them as there is time for: none after one that never ends."""
    report = Report(scenario.name)
    for run in runs:
        report.count(run)
        if run.never_ends or is_over():
            report.stopped = True
            break
    return report


def exhaustive(scenario: Scenario, depth: int, part: int = 0, parts: int = 1) -> Iterator[Run]:
    """Every plan of up to `depth` faults.

    `part` of `parts` takes its share of the first faults, so that several processes can share a scenario.
    """
    play = Play(scenario, {})
    base = play.finish(remembering=depth > 0)
    if part == 0:
        yield base
    yield from deepened(scenario, play, islice(further(base, play.moments), part, None, parts), depth - 1)


def deepened(scenario: Scenario, play: Play, plans: Iterable[tuple[Plan, Memory | None]], depth: int) -> Iterator[Run]:
    """Each plan, from its moment of the play or else from its beginning, and then with up to `depth` faults more."""
    for plan, moment in plans:
        if moment is None:
            onward = Play(scenario, plan)
        else:
            (onward := play).again(plan, moment)
        run = onward.finish(remembering=depth > 0)
        yield run
        if depth:
            yield from deepened(scenario, onward, further(run, onward.moments), depth - 1)


def further(run: Run, moments: Sequence[Memory | None]) -> Iterator[tuple[Plan, Memory | None]]:
    """The run's plan and one fault more, at each site that it came by after its last fault; and how all stood before.

    A site that came up before the last fault already meets the new one there, so that it is another story.
    """
    sites = [met.site for met in run.met]
    after = max((sites.index(site) + 1 for site in run.plan), default=0)
    for met in run.met[after:]:
        first = sites.index(met.site)
        moment = moments[first] if first >= after and moments else None
        for fault in met.faults:
            yield {**run.plan, met.site: fault}, moment


def walked(scenario: Scenario, count: int, seed: int) -> Iterator[Run]:
    base = Play(scenario, {})
    met = base.finish(remembering=True).met
    for n in range(count):
        run = walk(scenario, base, met, f"{seed}:{scenario.name}:{n}")
        yield shrunk(scenario, run) if run.problems else run


def walk(scenario: Scenario, base: Play, met: Sequence[Met], seed: str) -> Run:
    """A walk goes as the one without a fault does until it meets its first: it sets out from there."""
    first = passed(met, Random(seed), base.injector.chance)
    moment = base.moments[first] if first < len(base.moments) else None
    if moment is None:
        return check(scenario, {}, Random(seed))
    base.again({}, moment)
    base.injector.dice = base.dice = dice = Random(seed)
    passed(base.injector.met, dice, base.injector.chance)
    return base.finish()


def shrunk(scenario: Scenario, run: Run) -> Run:
    """The run with every fault left out that it doesn't need to break something."""
    for site in list(run.plan):
        fewer = check(scenario, {each: fault for each, fault in run.plan.items() if each != site})
        if fewer.problems:
            run = fewer
    return run
