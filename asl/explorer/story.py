"""The text of a finding: its faults, the history of each execution, and the violated invariants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from asl.engine.clock import iso
from asl.engine.execution import Execution
from asl.explorer.quiescence import MAX_CPU_SECONDS, EndlessRun, cpu_time_limit, run_until_quiescent
from asl.explorer.report import Finding
from asl.explorer.scenario import Scenario

MAX_LINES = 80
"""Lines of one execution."""
FAULT_TEXTS = {
    "error": "fails with {0}, having done nothing",
    "timeout-before": "times out, having done nothing",
    "timeout-after": "has its effect, but its response is lost",
    "late": "times out, and has its effect {0} s later",
    "crash": "has its effect, then crashes before it responds",
    "dies": "crashes before its external call {0}",
    "fails": "gets an error from its external call {0}",
    "twice": "runs twice",
    "between": "runs a second time before external call {0} of the first run",
    "meet": "is interrupted by a concurrent action before its external call {0}",
    "lost": "times out in every attempt, having done nothing",
    "unheard": "has its effect in every attempt, but every response is lost",
    "down": "fails with {0}, and so does every other task that can, for {1} s",
    "drop": "is never delivered",
    "repeat": "is delivered twice",
}


def describe_finding(scenario: Scenario, finding: Finding) -> Iterator[str]:
    """The faults, the states of each execution, and the problems. Runs the plan again."""
    yield f"{finding.scenario}:"
    for site, fault in finding.plan.items():
        kind, *details = fault.split(":")
        yield f"  {site} {FAULT_TEXTS[kind].format(*details)}"
    injector = scenario.injector(finding.plan, None)
    world = scenario.world(injector)
    world.play()
    busy: list[str] = []
    with suppress(EndlessRun), cpu_time_limit(MAX_CPU_SECONDS):
        busy += run_until_quiescent(world.engine)
    yield from (f"  {each}" for each in busy)
    for execution in world.engine.executions.values():
        yield from describe_execution(execution)
    yield from (f"  BROKEN {problem}" for problem in finding.problems)


def describe_execution(execution: Execution) -> Iterator[str]:
    """The result, the states and the failures. The middle of a long history is omitted."""
    result = f"{execution.status} {execution.error or ''}".rstrip()
    yield f"  {execution.machine.name} {execution.name}: {result}"
    events = ((event["timestamp"], _event_text(event)) for event in execution.history)
    lines = [f"    {iso(at.timestamp())} {text}" for at, text in events if text]
    if len(lines) > MAX_LINES:
        omitted = len(lines) - MAX_LINES
        lines[-MAX_LINES // 2 - omitted : -MAX_LINES // 2] = [f"    … {omitted:,} more of these …"]
    yield from lines


def _event_text(event: Mapping[str, Any]) -> str:
    kind = event["type"]
    if kind.endswith("StateEntered"):
        return str(event["stateEnteredEventDetails"]["name"])
    for field, details in event.items():
        if field.endswith("EventDetails") and isinstance(details, dict) and "error" in details:
            return f"  {kind}: {details['error']}"
    return "  ExecutionRedriven" if kind == "ExecutionRedriven" else ""
