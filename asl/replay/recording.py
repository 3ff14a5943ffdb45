"""Histories as ``aws stepfunctions get-execution-history`` prints them, and as the engine itself gives them.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from asl.documents import parsed
from asl.history import details_name
from asl.replay.visits import Event, Visits

ENDS = {
    "ExecutionSucceeded": "SUCCEEDED",
    "ExecutionFailed": "FAILED",
    "ExecutionTimedOut": "TIMED_OUT",
    "ExecutionAborted": "ABORTED",
}
TEXTS = ("input", "output", "parameters")
TOKENS = ("nextToken", "NextToken")
"""Of a page: as the service answers, and as the AWS CLI says it under ``--max-items``."""


class BadHistory(ValueError):
    """Not the whole history of one execution."""


@dataclass(frozen=True)
class Recording:
    """The history of one execution.

    Attributes:
        name: what to call it; its file's name without the ending.
        events: in order.
    """

    name: str
    events: tuple[Event, ...]

    @cached_property
    def visits(self) -> Visits:
        visits = Visits()
        for event in self.events:
            visits.add(event)
        return visits

    @property
    def input(self) -> Any:
        return self.events[0].details.get("input", {})

    @property
    def role_arn(self) -> str | None:
        return self.events[0].details.get("roleArn")

    @property
    def started_at(self) -> float:
        return self.events[0].at

    @property
    def status(self) -> str:
        """As DescribeExecution has it: RUNNING where the history has no end, or goes on after a redrive."""
        return ENDS.get(self.events[-1].kind, "RUNNING")

    @property
    def running(self) -> bool:
        return self.status == "RUNNING"

    @cached_property
    def text(self) -> str:
        """All that was said in it, for those who look for a text."""
        return json.dumps([event.details for event in self.events])


def read_recordings(path: Path) -> list[Recording]:
    """The history in a file, or every one in a folder. Raises BadHistory, and OSError."""
    if not path.is_dir():
        return [read_recording(path)]
    files = sorted(path.glob("*.json"))
    if not files:
        raise BadHistory(f"{path} holds no JSON file")
    return [read_recording(file) for file in files]


def read_recording(path: Path) -> Recording:
    """The history in a file. Raises BadHistory, and OSError."""
    try:
        return recording(json.loads(path.read_text()), name=path.name.partition(".")[0])
    except (BadHistory, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BadHistory(f"{path}: {error}") from None


def recording(history: Mapping[str, Any] | Sequence[Mapping[str, Any]], *, name: str = "history") -> Recording:
    """A history as GetExecutionHistory answers, or its events alone. Raises BadHistory."""
    if isinstance(history, Mapping):
        if more := next((token for token in TOKENS if history.get(token)), ""):
            raise BadHistory(f"the history is cut: it has a {more}, and more pages follow")
        history = history.get("events", [])
    if not isinstance(history, list) or not history:
        raise BadHistory("there are no events in it")
    events = tuple(sorted(map(_event, history), key=lambda event: event.id))
    if events[0].kind != "ExecutionStarted" or [event.id for event in events] != list(range(1, len(events) + 1)):
        raise BadHistory("the history doesn't begin with ExecutionStarted and go on without a gap")
    return Recording(name, events)


def _event(told: Any) -> Event:
    try:
        kind, number, at = told["type"], int(told["id"]), _seconds(told["timestamp"])
        given, previous = dict(told.get(details_name(kind)) or {}), int(told.get("previousEventId", 0))
    except (KeyError, TypeError, ValueError) as error:
        raise BadHistory(f"an event that is none: {error}") from None
    return Event(number, kind, at, previous, _details(kind, given))


def _details(kind: str, told: dict[str, Any]) -> dict[str, Any]:
    """The details, with JSON texts as values."""
    for field in TEXTS:
        if told.get(f"{field}Details", {}).get("truncated"):
            raise BadHistory(f"the {field} of a {kind} is cut short")
        if isinstance(told.get(field), str):
            told[field] = parsed(told[field])
    if "input" not in told and (kind == "ExecutionStarted" or kind.endswith("StateEntered")):
        raise BadHistory("it was exported without execution data: leave out --no-include-execution-data")
    return told


def _seconds(moment: Any) -> float:
    """A timestamp as the AWS CLI (ISO 8601, or a number in its first version) or boto3 gives it."""
    if isinstance(moment, datetime):
        return moment.timestamp()
    if isinstance(moment, str):
        return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()
    return float(moment)
