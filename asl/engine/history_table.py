"""A history for people: one row an event, with what matters of its details."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

BORING = ("inputDetails", "outputDetails", "roleArn", "resource", "resourceType", "region", "name")


class Row(NamedTuple):
    """An event: its id, the seconds since the first one, its type, its state, and its details in short."""

    id: int
    seconds: float
    type: str
    state: str
    details: str


def rows(events: Iterable[dict[str, Any]], width: int = 100) -> list[Row]:
    """Rows of events as GetExecutionHistory gives them, oldest first; timestamps may be texts."""
    ordered = sorted(events, key=lambda event: event["id"])
    states: dict[int, str] = {}
    forks: dict[str, str] = {}  # the Parallel and the Map that was entered last: their own events don't name them
    found = []
    for event in ordered:
        shown = _details(event)
        state = shown.get("name") or _fork(event["type"], forks) or states.get(event.get("previousEventId", 0), "")
        states[event["id"]] = state
        if event["type"] in ("ParallelStateEntered", "MapStateEntered"):
            forks[event["type"].removesuffix("StateEntered")] = state
        text = _shortened(shown, width)
        seconds = (_moment(event) - _moment(ordered[0])).total_seconds()
        found.append(Row(event["id"], seconds, event["type"], state, text))
    return found


def plain(events: Iterable[dict[str, Any]], width: int = 100) -> str:
    """A history as text, in columns."""
    found = rows(events, width)
    if not found:
        return "(no events)"
    kind, state = max(len(row.type) for row in found), max(len(row.state) for row in found)
    return "\n".join(
        f"{row.id:>4}  {row.seconds:>10.3f}s  {row.type:<{kind}}  {row.state:<{state}}  {row.details}".rstrip()
        for row in found
    )


def _fork(kind: str, forks: dict[str, str]) -> str | None:
    name, state, _ = kind.partition("State")
    return forks.get(name) if state else None


def _details(event: dict[str, Any]) -> dict[str, Any]:
    found = [value for name, value in event.items() if name.endswith("EventDetails")]
    return found[0] or {} if found else {}


def _shortened(details: dict[str, Any], width: int) -> str:
    shown = {name: value for name, value in details.items() if name not in BORING}
    text = ", ".join(
        f"{name} {value if isinstance(value, str) else json.dumps(value)}" for name, value in shown.items()
    )
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 1] + "…"


def _moment(event: dict[str, Any]) -> datetime:
    at = event["timestamp"]
    if isinstance(at, int | float):
        return datetime.fromtimestamp(at).astimezone()
    return at if isinstance(at, datetime) else datetime.fromisoformat(at)
