"""What an execution did, for colouring: how each state ended, and which transitions were taken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from asl.drawing.model import END, START


@dataclass(slots=True)
class Taken:
    """States by name with "done", "failed" or "running"; moves as (source, target, whether an error was caught)."""

    states: dict[str, str] = field(default_factory=dict)
    moves: set[tuple[str, str, bool]] = field(default_factory=set)


def taken(events: Iterable[dict[str, Any]]) -> Taken:
    """From a history as GetExecutionHistory gives it."""
    ordered = sorted(events, key=lambda event: event["id"])
    by_id = {event["id"]: event for event in ordered}
    found = Taken()
    ended = bool(ordered) and ordered[-1]["type"] in ("ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted")
    last_out: str | None = None
    for event in ordered:
        if "stateEnteredEventDetails" in event:
            name = event["stateEnteredEventDetails"]["name"]
            found.states[name] = "failed" if ended else "running"
            before = by_id.get(event["previousEventId"], {})
            source = before.get("stateExitedEventDetails", {}).get("name", START)
            found.moves.add((source, name, _was_caught(before, by_id)))
        elif "stateExitedEventDetails" in event:
            last_out = event["stateExitedEventDetails"]["name"]
            found.states[last_out] = "done"
            found.moves.add((last_out, END, False))  # drawn only where there is such an arrow
    return found


def _was_caught(exited: dict[str, Any], by_id: dict[int, dict[str, Any]]) -> bool:
    """A state that ends right after a failure was left by a Catch."""
    cause = by_id.get(exited.get("previousEventId", 0), {}).get("type", "")
    return str(cause).endswith(("Failed", "TimedOut"))
