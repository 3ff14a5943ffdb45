"""The results of a search: of one schedule, and of all schedules of a scenario."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import partial

from asl.explorer.coverage import Transition
from asl.explorer.faults import FaultPlan
from asl.explorer.injector import VisitedSite


@dataclass(frozen=True)
class Finding:
    """A plan under which an invariant was violated."""

    scenario: str
    plan: FaultPlan
    problems: tuple[str, ...]


@dataclass
class ScheduleResult:
    """The result of one schedule, which is a run of a scenario under a plan.

    Attributes:
        parked: for each machine that took part, how many of its executions failed.
        never_ends: the run exceeded its computing time; the other fields then say nothing about it.
    """

    plan: FaultPlan
    visited: list[VisitedSite]
    problems: list[str]
    parked: Counter[str]
    transitions: set[Transition]
    seconds: float
    never_ends: bool = False


@dataclass
class ScheduleCounts:
    """The number of schedules, of those with a violation or a failed execution, and the seconds of one process."""

    schedules: int = 0
    violations: int = 0
    parked: int = 0
    seconds: float = 0.0

    def __iadd__(self, other: ScheduleCounts) -> ScheduleCounts:
        self.schedules += other.schedules
        self.violations += other.violations
        self.parked += other.parked
        self.seconds += other.seconds
        return self


@dataclass
class SearchReport:
    """The result of a search.

    Attributes:
        machines: counts the schedules in which a machine took part, by the machine's name.
        transitions: those that were taken.
        stopped: the search was stopped before its end.
    """

    scenario: str
    counts: ScheduleCounts = field(default_factory=ScheduleCounts)
    machines: dict[str, ScheduleCounts] = field(default_factory=partial(defaultdict, ScheduleCounts))
    findings: list[Finding] = field(default_factory=list)
    transitions: set[Transition] = field(default_factory=set)
    stopped: bool = False

    def add_result(self, result: ScheduleResult) -> None:
        has_problems = bool(result.problems)
        self.counts += ScheduleCounts(1, has_problems, any(result.parked.values()), result.seconds)
        for machine, parked in result.parked.items():
            self.machines[machine] += ScheduleCounts(1, has_problems, bool(parked), result.seconds)
        self.transitions |= result.transitions
        if has_problems:
            self.findings.append(Finding(self.scenario, result.plan, tuple(result.problems)))

    def add_report(self, other: SearchReport) -> None:
        """Add the report of another search of the same scenario."""
        self.counts += other.counts
        for machine, counts in other.machines.items():
            self.machines[machine] += counts
        self.findings += other.findings
        self.transitions |= other.transitions
        self.stopped |= other.stopped
