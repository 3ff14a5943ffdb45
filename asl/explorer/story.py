"""A schedule as a story that a person can follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from asl.engine.clock import iso
from asl.engine.execution import Execution
from asl.explorer.quiescence import PATIENCE_SECONDS, Endless, patience, restless
from asl.explorer.search import Finding, Scenario

LONGEST_STORY = 80
"""Lines of one execution."""
TELLING = {
    "error": "raises {0}, having done nothing",
    "timeout-before": "times out, having done nothing",
    "timeout-after": "does its work, and nobody hears",
    "late": "times out, and does its work {0} s later",
    "crash": "does its work, and dies before it answers",
    "dies": "dies in the middle of its work, before its call number {0}",
    "fails": "fails in its call number {0}, and does what it does then",
    "twice": "is delivered twice",
    "between": "is delivered again in the middle of its work, before its call number {0}",
    "meet": "is met by somebody else in the middle of its work, before its call number {0}",
    "lost": "times out at every attempt, having done nothing",
    "unheard": "does its work at every attempt, and nobody hears",
    "down": "meets {0}, and so does every other for {1} s",
    "drop": "is never said",
    "repeat": "is said twice",
}


def tell(scenario: Scenario, finding: Finding) -> Iterator[str]:
    """The faults, what each execution then went through, and what was broken at the end."""
    yield f"{finding.scenario}:"
    for site, fault in finding.plan.items():
        kind, *details = fault.split(":")
        yield f"  {site} {TELLING[kind].format(*details)}"
    injector = scenario.injector(finding.plan, None)
    world = scenario.world(injector)
    world.play()
    busy: list[str] = []
    with suppress(Endless), patience(PATIENCE_SECONDS):
        busy += restless(world.engine)
    yield from (f"  {each}" for each in busy)
    for execution in world.engine.executions.values():
        yield from through(execution)
    yield from (f"  BROKEN {problem}" for problem in finding.problems)


def through(execution: Execution) -> Iterator[str]:
    ended = f"{execution.status} {execution.error or ''}".rstrip()
    yield f"  {execution.machine.name} {execution.name}: {ended}"
    lines = ((event["timestamp"], _said(event)) for event in execution.history)
    told = [f"    {iso(at.timestamp())} {said}" for at, said in lines if said]
    if len(told) > LONGEST_STORY:
        left_out = len(told) - LONGEST_STORY
        told[-LONGEST_STORY // 2 - left_out : -LONGEST_STORY // 2] = [f"    … {left_out:,} more of these …"]
    yield from told


def _said(event: Mapping[str, Any]) -> str:
    kind = event["type"]
    if kind.endswith("StateEntered"):
        return str(event["stateEnteredEventDetails"]["name"])
    for field, details in event.items():
        if field.endswith("EventDetails") and isinstance(details, dict) and "error" in details:
            return f"  {kind}: {details['error']}"
    return "  ExecutionRedriven" if kind == "ExecutionRedriven" else ""
