"""The checks that every world must pass when nothing is left to happen, and after a redrive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from asl.engine.engine import Engine
from asl.engine.execution import Execution
from asl.explorer.quiescence import run_until_quiescent
from asl.explorer.scenario import World


def stuck_executions(engine: Engine) -> Iterator[str]:
    """When nothing is left to happen, a running execution waits without a deadline."""
    for each in engine.executions.values():
        if each.running:
            yield f"{each.machine.name} {each.name} waits for ever in {each.path[-1]}"


def repeated_effects(world: World) -> Iterator[str]:
    for effect, count in sorted(Counter(world.effects()).items()):
        if count > 1:
            yield f"{effect} was done {count} times"


def redrive_problems(engine: Engine, failed: Sequence[Execution], world: World) -> Iterator[str]:
    """Redrive the failed executions once, without faults. All must succeed, and no effect may repeat."""
    for each in failed:
        engine.redrive(each)
    busy = [*run_until_quiescent(engine)]
    for each in failed:
        if each.status != "SUCCEEDED":
            yield f"{each.machine.name} {each.name} is {each.status} after a redrive: {each.error} {each.cause}"
    for problem in (*busy, *stuck_executions(engine), *world.violations(), *repeated_effects(world)):
        yield f"after the redrive: {problem}"
