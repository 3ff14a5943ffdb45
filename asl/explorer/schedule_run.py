"""A run of a scenario under a plan, from its start or from a snapshot."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from random import Random

from asl.explorer.checks import redrive_problems, repeated_effects, stuck_executions
from asl.explorer.coverage import transitions_of
from asl.explorer.faults import FaultPlan
from asl.explorer.quiescence import (
    MAX_CPU_SECONDS,
    MAX_STEPS,
    TOO_BUSY,
    EndlessRun,
    cpu_time_limit,
    run_until_quiescent,
)
from asl.explorer.report import ScheduleResult
from asl.explorer.scenario import RewindableWorld, Scenario
from asl.explorer.snapshot import WorldSnapshot


class ScheduleRun:
    """A world under a plan.

    Attributes:
        snapshots: the world before each visited site; None where it can't be restored.
    """

    def __init__(self, scenario: Scenario, plan: FaultPlan, dice: Random | None = None) -> None:
        self.started_at = time.perf_counter()
        self.plan = plan
        self.dice = dice
        self.injector = scenario.injector(plan, dice)
        self.world = scenario.world(self.injector)
        self.snapshots: list[WorldSnapshot | None] = []
        self.world.play()

    def rewind(self, plan: FaultPlan, snapshot: WorldSnapshot) -> None:
        """Restore a snapshot, to continue from it under another plan."""
        self.started_at = time.perf_counter()
        snapshot.restore()
        self.plan = self.injector.plan = plan

    def finish(self, with_snapshots: bool = False) -> ScheduleResult:
        """Run to the end, check, redrive the failed executions once, and check again."""
        try:
            with cpu_time_limit(MAX_CPU_SECONDS):
                return self._finish(with_snapshots)
        except EndlessRun as endless:
            *_, last = ("nowhere", *(each.site for each in self.injector.visited))
            problems = [f"{last} never ends: {endless}"]
            seconds = time.perf_counter() - self.started_at
            return ScheduleResult(self.plan, [], problems, Counter(), set(), seconds, never_ends=True)

    def _finish(self, with_snapshots: bool) -> ScheduleResult:
        world, injector, engine = self.world, self.injector, self.world.engine
        takes_snapshots = with_snapshots and isinstance(world, RewindableWorld)
        busy = self._run_with_snapshots() if takes_snapshots else run_until_quiescent(engine)
        problems = [*busy, *stuck_executions(engine), *world.violations(), *repeated_effects(world)]
        visited = injector.visited.copy()
        failed = [each for each in engine.executions.values() if each.status in ("FAILED", "TIMED_OUT")]
        parked = Counter({each.machine.name: 0 for each in engine.executions.values()})
        parked.update(each.machine.name for each in failed)
        injected = {each.site: each.fault for each in visited if each.fault} if self.dice else self.plan
        if not injected:
            problems += [f"{each.machine.name} {each.name} is {each.status}, and no fault was met" for each in failed]
        if failed:
            injector.active = False
            problems += redrive_problems(engine, failed, world)
        executions = engine.executions.values()
        transitions = {(each.machine.name, *pair) for each in executions for pair in transitions_of(each)}
        return ScheduleResult(injected, visited, problems, parked, transitions, time.perf_counter() - self.started_at)

    def _run_with_snapshots(self) -> Iterator[str]:
        """Like ``run_until_quiescent``, with a snapshot before each step that may reach a site."""
        world, engine, visited = self.world, self.world.engine, self.injector.visited
        assert isinstance(world, RewindableWorld)
        self.snapshots = [None] * len(visited)
        for _ in range(MAX_STEPS):
            step = engine.event_queue.peek()
            if step is None:
                return
            may_reach_site = step.kind in ("invoke", "call")
            snapshot = WorldSnapshot([engine, self.injector, *world.changing()]) if may_reach_site else None
            engine.step()
            self.snapshots += [snapshot] * (len(visited) - len(self.snapshots))
        yield TOO_BUSY


def run_schedule(scenario: Scenario, plan: FaultPlan, dice: Random | None = None) -> ScheduleResult:
    """Run a scenario under a plan, or with faults by dice."""
    return ScheduleRun(scenario, plan, dice).finish()
