"""A history for people: one row for each event, with the interesting part of its details."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

OMITTED = ("inputDetails", "outputDetails", "roleArn", "resource", "resourceType", "region", "name")


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
    entered: dict[str, str] = {}  # the Parallel and the Map entered last: their own events don't name them
    table = []
    for event in ordered:
        details = _details(event)
        state = (
            details.get("name") or _parent(event["type"], entered) or states.get(event.get("previousEventId", 0), "")
        )
        states[event["id"]] = state
        if event["type"] in ("ParallelStateEntered", "MapStateEntered"):
            entered[event["type"].removesuffix("StateEntered")] = state
        seconds = (_timestamp(event) - _timestamp(ordered[0])).total_seconds()
        table.append(Row(event["id"], seconds, event["type"], state, _shorten(details, width)))
    return table


def plain(events: Iterable[dict[str, Any]], width: int = 100) -> str:
    """A history as text, in columns."""
    table = rows(events, width)
    if not table:
        return "(no events)"
    kind, state = max(len(row.type) for row in table), max(len(row.state) for row in table)
    return "\n".join(
        f"{row.id:>4}  {row.seconds:>10.3f}s  {row.type:<{kind}}  {row.state:<{state}}  {row.details}".rstrip()
        for row in table
    )


def _parent(kind: str, entered: dict[str, str]) -> str | None:
    name, state, _ = kind.partition("State")
    return entered.get(name) if state else None


def _details(event: dict[str, Any]) -> dict[str, Any]:
    return next((value or {} for name, value in event.items() if name.endswith("EventDetails")), {})


def _shorten(details: dict[str, Any], width: int) -> str:
    fields = {name: value for name, value in details.items() if name not in OMITTED}
    text = ", ".join(
        f"{name} {value if isinstance(value, str) else json.dumps(value)}" for name, value in fields.items()
    )
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 1] + "…"


def _timestamp(event: dict[str, Any]) -> datetime:
    at = event["timestamp"]
    if isinstance(at, int | float):
        return datetime.fromtimestamp(at).astimezone()
    return at if isinstance(at, datetime) else datetime.fromisoformat(at)
