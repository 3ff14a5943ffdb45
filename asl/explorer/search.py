"""Singles, pairs and walks: which plans are played, and what is asked after each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Protocol

from asl.explorer.faults import Injector, Met, Plan

if TYPE_CHECKING:
    from asl.engine import Engine
    from asl.execution import Execution


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


@dataclass(frozen=True)
class Scenario:
    """A story to explore.

    Attributes:
        name: for reports and saved schedules.
        world: builds a world around an injector.
        injector: makes an injector for a plan, and dice for a walk.
    """

    name: str
    world: Callable[[Injector], World]
    injector: Callable[[Plan, Random | None], Injector]


@dataclass(frozen=True)
class Finding:
    """A plan under which something that must hold did not."""

    scenario: str
    plan: Plan
    problems: tuple[str, ...]


@dataclass
class Run:
    plan: Plan
    met: list[Met]
    problems: list[str]
    parked: int
    moves: set[tuple[str, str, str]]


@dataclass
class Report:
    """What a search came to. `moves` are the transitions that were taken: machine, from, to."""

    scenario: str
    schedules: int = 0
    parked: int = 0
    findings: list[Finding] = field(default_factory=list)
    moves: set[tuple[str, str, str]] = field(default_factory=set)

    def count(self, run: Run) -> None:
        self.schedules += 1
        self.parked += bool(run.parked)
        self.moves |= run.moves
        if run.problems:
            self.findings.append(Finding(self.scenario, run.plan, tuple(run.problems)))


def check(scenario: Scenario, plan: Plan, dice: Random | None = None) -> Run:
    """Play one plan to its end, ask what must hold, redrive what failed once, and ask again."""
    injector = scenario.injector(plan, dice)
    world = scenario.world(injector)
    engine = world.engine
    world.play()
    engine.run()
    problems = [*stuck(engine), *world.violations(), *repeated(world)]
    failed = [each for each in engine.executions.values() if each.status in ("FAILED", "TIMED_OUT")]
    if failed:
        injector.active = False
        problems += redriven(engine, failed, world)
    moves = {(each.machine.name, *move) for each in engine.executions.values() for move in transitions(each)}
    happened = {each.site: each.fault for each in injector.met if each.fault}
    return Run(happened if dice else plan, injector.met, problems, len(failed), moves)


def stuck(engine: Engine) -> Iterator[str]:
    """Nothing is left to happen: whoever still runs waits without a deadline."""
    for each in engine.executions.values():
        if each.running:
            yield f"{each.machine.name} {each.name} waits for ever in {each.path[-1]}"


def redriven(engine: Engine, failed: Sequence[Execution], world: World) -> Iterator[str]:
    """After repair, one redrive each: everything ends, and nothing is done again."""
    for each in failed:
        engine.redrive(each)
    engine.run()
    for each in failed:
        if each.status != "SUCCEEDED":
            yield f"{each.machine.name} {each.name} is {each.status} after a redrive: {each.error} {each.cause}"
    for problem in (*stuck(engine), *world.violations(), *repeated(world)):
        yield f"after the redrive: {problem}"


def repeated(world: World) -> Iterator[str]:
    done = world.effects()
    if len(set(done)) != len(done):
        for effect in sorted({each for each in done if done.count(each) > 1}):
            yield f"{effect} was done {done.count(effect)} times"


def transitions(execution: Execution) -> Iterable[tuple[str, str]]:
    return pairwise(execution.path)


def singles(scenario: Scenario) -> Report:
    """Every fault at every attempt of every task, one at a time."""
    report = Report(scenario.name)
    for run in single_runs(scenario, report):
        report.count(run)
    return report


def single_runs(scenario: Scenario, report: Report) -> Iterator[Run]:
    base = check(scenario, {})
    report.count(base)
    for met in base.met:
        for fault in met.faults:
            yield check(scenario, {met.site: fault})


def pairs(scenario: Scenario, part: int = 0, parts: int = 1) -> Report:
    """Every fault at every attempt, and then every fault at every attempt that came after it.

    `part` of `parts` takes its share of the first faults, so that several processes can share a scenario.
    """
    report = Report(scenario.name)
    for index, first in enumerate(single_runs(scenario, Report(scenario.name))):
        if index % parts != part:
            continue
        report.count(first)
        (site,) = first.plan
        sites = [met.site for met in first.met]
        for met in first.met[sites.index(site) + 1 :]:
            for fault in met.faults:
                report.count(check(scenario, {**first.plan, met.site: fault}))
    return report


def walks(scenario: Scenario, count: int, seed: int = 0) -> Report:
    """So many seeded walks, each with a random fault here and there; what it finds is shrunk to its shortest."""
    report = Report(scenario.name)
    for n in range(count):
        run = check(scenario, {}, Random(f"{seed}:{scenario.name}:{n}"))
        report.count(run)
        if run.problems:
            report.findings[-1] = shrunk(scenario, report.findings[-1])
    return report


def shrunk(scenario: Scenario, finding: Finding) -> Finding:
    """The finding with every fault left out that it doesn't need."""
    plan = dict(finding.plan)
    problems = finding.problems
    for site in list(plan):
        fewer = {each: fault for each, fault in plan.items() if each != site}
        run = check(scenario, fewer)
        if run.problems:
            plan, problems = fewer, tuple(run.problems)
    return Finding(finding.scenario, plan, problems)
