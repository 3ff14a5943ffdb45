"""The searches: every single fault, every pair of faults, and random walks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from random import Random

from asl.explorer.faults import FaultPlan
from asl.explorer.injector import VisitedSite, count_faultless_sites
from asl.explorer.report import ScheduleResult, SearchReport
from asl.explorer.scenario import Scenario
from asl.explorer.schedule_run import ScheduleRun, run_schedule
from asl.explorer.snapshot import WorldSnapshot


def explore_singles(scenario: Scenario) -> SearchReport:
    """Every fault at every attempt of every task, one at a time."""
    return collect_results(scenario, run_exhaustively(scenario, 1))


def explore_pairs(scenario: Scenario) -> SearchReport:
    """Every fault at every attempt, alone and with every fault at every later attempt."""
    return collect_results(scenario, run_exhaustively(scenario, 2))


def explore_walks(scenario: Scenario, count: int, seed: int = 0) -> SearchReport:
    """Seeded random walks. The plans of findings are shrunk."""
    return collect_results(scenario, run_walks(scenario, count, seed))


def collect_results(
    scenario: Scenario, results: Iterable[ScheduleResult], is_over: Callable[[], bool] = lambda: False
) -> SearchReport:
    """A report of the results, until the time is over or a run never ends."""
    report = SearchReport(scenario.name)
    for result in results:
        report.add_result(result)
        if result.never_ends or is_over():
            report.stopped = True
            break
    return report


def run_exhaustively(scenario: Scenario, depth: int, part: int = 0, parts: int = 1) -> Iterator[ScheduleResult]:
    """Run every plan of up to `depth` faults.

    `part` of `parts` takes its share of the first faults, so that several processes can share a scenario.
    """
    run = ScheduleRun(scenario, {})
    base = run.finish(with_snapshots=depth > 0)
    if part == 0:
        yield base
    yield from run_plans(scenario, run, islice(extended_plans(base, run.snapshots), part, None, parts), depth - 1)


def run_plans(
    scenario: Scenario, run: ScheduleRun, plans: Iterable[tuple[FaultPlan, WorldSnapshot | None]], depth: int
) -> Iterator[ScheduleResult]:
    """Run each plan from its snapshot, or from the start if it has none; then extend it by up to `depth` faults."""
    for plan, snapshot in plans:
        if snapshot is None:
            extended = ScheduleRun(scenario, plan)
        else:
            (extended := run).rewind(plan, snapshot)
        result = extended.finish(with_snapshots=depth > 0)
        yield result
        if depth:
            yield from run_plans(scenario, extended, extended_plans(result, extended.snapshots), depth - 1)


def extended_plans(
    result: ScheduleResult, snapshots: Sequence[WorldSnapshot | None]
) -> Iterator[tuple[FaultPlan, WorldSnapshot | None]]:
    """The plan of a result with one more fault at each site after its last fault, and the snapshot before that site.

    A site can be visited more than once. If the first visit is before the last fault, there is no snapshot, because the
    new fault is injected at that first visit.
    """
    sites = [each.site for each in result.visited]
    after = max((sites.index(site) + 1 for site in result.plan), default=0)
    for each in result.visited[after:]:
        first = sites.index(each.site)
        snapshot = snapshots[first] if first >= after and snapshots else None
        for fault in each.faults:
            yield {**result.plan, each.site: fault}, snapshot


def run_walks(scenario: Scenario, count: int, seed: int) -> Iterator[ScheduleResult]:
    base = ScheduleRun(scenario, {})
    visited = base.finish(with_snapshots=True).visited
    for number in range(count):
        result = run_walk(scenario, base, visited, f"{seed}:{scenario.name}:{number}")
        yield shrink_plan(scenario, result) if result.problems else result


def run_walk(scenario: Scenario, base: ScheduleRun, visited: Sequence[VisitedSite], seed: str) -> ScheduleResult:
    """One random walk. Up to its first fault it equals the run without faults, so it starts from a snapshot of that."""
    first = count_faultless_sites(visited, Random(seed), base.injector.chance)
    snapshot = base.snapshots[first] if first < len(base.snapshots) else None
    if snapshot is None:
        return run_schedule(scenario, {}, Random(seed))
    base.rewind({}, snapshot)
    base.injector.dice = base.dice = dice = Random(seed)
    count_faultless_sites(base.injector.visited, dice, base.injector.chance)
    return base.finish()


def shrink_plan(scenario: Scenario, result: ScheduleResult) -> ScheduleResult:
    """The result without the faults that its problems don't need."""
    for site in list(result.plan):
        smaller = run_schedule(scenario, {each: fault for each, fault in result.plan.items() if each != site})
        if smaller.problems:
            result = smaller
    return result
