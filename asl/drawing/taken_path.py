"""The path of an execution, for colouring: the status of each state, and the transitions taken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from asl.drawing.model import END, START


@dataclass(slots=True)
class TakenPath:
    """The path of an execution.

    Attributes:
        states: "done", "failed" or "running", by the state's name.
        transitions: (source, target, whether an error was caught).
    """

    states: dict[str, str] = field(default_factory=dict)
    transitions: set[tuple[str, str, bool]] = field(default_factory=set)


def taken_path(events: Iterable[dict[str, Any]]) -> TakenPath:
    """The path in a history of GetExecutionHistory."""
    ordered = sorted(events, key=lambda event: event["id"])
    by_id = {event["id"]: event for event in ordered}
    path = TakenPath()
    ended = bool(ordered) and ordered[-1]["type"] in ("ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted")
    for event in ordered:
        if "stateEnteredEventDetails" in event:
            name = event["stateEnteredEventDetails"]["name"]
            path.states[name] = "failed" if ended else "running"
            previous = by_id.get(event["previousEventId"], {})
            source = previous.get("stateExitedEventDetails", {}).get("name", START)
            path.transitions.add((source, name, _was_caught(previous, by_id)))
        elif "stateExitedEventDetails" in event:
            name = event["stateExitedEventDetails"]["name"]
            path.states[name] = "done"
            path.transitions.add((name, END, False))  # drawn only if there is such an arrow
    return path


def _was_caught(exited: dict[str, Any], by_id: dict[int, dict[str, Any]]) -> bool:
    """True if the state was left by a Catch: its exit follows a failure."""
    cause = by_id.get(exited.get("previousEventId", 0), {}).get("type", "")
    return str(cause).endswith(("Failed", "TimedOut"))
