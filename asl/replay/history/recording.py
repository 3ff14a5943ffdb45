"""Recordings: histories as ``aws stepfunctions get-execution-history`` prints them, or as the engine has them.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from asl.engine.history import details_name
from asl.language.documents import decode
from asl.replay.history.events import HistoryEvent
from asl.replay.history.visit_tree import VisitTree

STATUSES = {
    "ExecutionSucceeded": "SUCCEEDED",
    "ExecutionFailed": "FAILED",
    "ExecutionTimedOut": "TIMED_OUT",
    "ExecutionAborted": "ABORTED",
}
_NUMBER = re.compile(r"\d+(\.\d+)?")
JSON_FIELDS = ("input", "output", "parameters")
PAGE_TOKENS = ("nextToken", "NextToken")
"""As the service returns it, and as the AWS CLI prints it with ``--max-items``."""
EXPORT = "export it with: aws stepfunctions get-execution-history --execution-arn ARN"


class InvalidHistory(ValueError):
    """Not the complete history of one execution."""


@dataclass(frozen=True)
class Recording:
    """The history of one execution.

    Attributes:
        name: identifies it in results: the name of its file without the extension.
        events: in order.
    """

    name: str
    events: tuple[HistoryEvent, ...]

    @cached_property
    def tree(self) -> VisitTree:
        tree = VisitTree()
        for event in self.events:
            tree.add(event)
        return tree

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
        """As in DescribeExecution: RUNNING if the history has no end, or continues after a redrive."""
        return STATUSES.get(self.events[-1].kind, "RUNNING")

    @property
    def running(self) -> bool:
        return self.status == "RUNNING"

    @cached_property
    def text(self) -> str:
        """All details as one text, to search in."""
        return json.dumps([event.details for event in self.events])


def read_recordings(path: Path) -> list[Recording]:
    """The history in a file, or all histories in a folder. Raises InvalidHistory and OSError."""
    if not path.is_dir():
        return [read_recording(path)]
    files = sorted(path.glob("*.json"))
    if not files:
        raise InvalidHistory(f"{path} has no JSON file")
    return [read_recording(file) for file in files]


def read_recording(path: Path) -> Recording:
    """The history in a file. Raises InvalidHistory and OSError."""
    try:
        return parse_history(json.loads(path.read_bytes()), name=path.name.partition(".")[0])
    except InvalidHistory as error:
        raise InvalidHistory(f"{path}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise InvalidHistory(f"{path} isn't JSON ({error or 'it nests too deep'}): {EXPORT}") from None


def parse_history(history: Mapping[str, Any] | Sequence[Mapping[str, Any]], *, name: str = "history") -> Recording:
    """Parse GetExecutionHistory's response, or its events alone. Raises InvalidHistory."""
    if isinstance(history, Mapping):
        if token := next((token for token in PAGE_TOKENS if history.get(token)), ""):
            raise InvalidHistory(
                f"the history is incomplete: it has a {token}, and more pages follow; export it without --max-items"
            )
        history = history.get("events", [])
    if not isinstance(history, list) or not history:
        raise InvalidHistory(f"there are no events in it: {EXPORT}")
    events = tuple(sorted(map(_parse_event, history), key=lambda event: event.id))
    _check_order(events)
    return Recording(name, events)


def _check_order(events: Sequence[HistoryEvent]) -> None:
    """Raises InvalidHistory unless all events are there and each follows an earlier one."""
    if events[0].kind != "ExecutionStarted" or [event.id for event in events] != list(range(1, len(events) + 1)):
        raise InvalidHistory(f"the history doesn't begin with ExecutionStarted and continue without a gap: {EXPORT}")
    for event in events:
        if not 0 <= event.previous < event.id:
            raise InvalidHistory(f"event {event.id} ({event.kind}) follows event {event.previous}, which isn't earlier")


def _parse_event(fields: Any) -> HistoryEvent:
    """Raises InvalidHistory for anything but a HistoryEvent of the API."""
    if not isinstance(fields, Mapping):
        raise InvalidHistory(f"invalid event: {json.dumps(fields)[:80]}")
    missing = [field for field in ("type", "id", "timestamp") if field not in fields]
    if missing:
        raise InvalidHistory(f"invalid event: it has no {missing[0]}")
    kind = fields["type"]
    if not isinstance(kind, str):
        raise InvalidHistory(f"invalid event: its type is {json.dumps(kind)[:80]}")
    try:
        number, previous = int(fields["id"]), int(fields.get("previousEventId", 0))
        at, details = _seconds(fields["timestamp"]), dict(fields.get(details_name(kind)) or {})
        return HistoryEvent(number, kind, at, previous, _parse_details(kind, details))
    except InvalidHistory as error:
        raise InvalidHistory(f"event {fields['id']} ({kind}): {error}") from None
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidHistory(f"invalid event: event {fields['id']} ({kind}): {error}") from None


def _parse_details(kind: str, details: dict[str, Any]) -> dict[str, Any]:
    """Parse the JSON texts in an event's details."""
    for field in JSON_FIELDS:
        data_details = details.get(f"{field}Details")
        if isinstance(data_details, Mapping) and data_details.get("truncated"):
            raise InvalidHistory(f"its {field} is truncated, and a replay needs all of it: export it from AWS")
        if isinstance(details.get(field), str):
            details[field] = decode(details[field])
    enters = kind.endswith("StateEntered")
    if enters and details and not isinstance(details.get("name"), str):
        raise InvalidHistory("it names no state")
    if "input" not in details and (enters or kind == "ExecutionStarted"):
        raise InvalidHistory("it was exported without execution data: leave out --no-include-execution-data")
    return details


def _seconds(timestamp: Any) -> float:
    """A timestamp as the AWS CLI prints it (ISO 8601; a number in version 1), or as boto3 returns it."""
    if isinstance(timestamp, datetime):
        return timestamp.timestamp()
    if isinstance(timestamp, str) and not _NUMBER.fullmatch(timestamp):
        return datetime.fromisoformat(timestamp.replace("Z", "+00:00")).timestamp()
    at = float(timestamp)
    datetime.fromtimestamp(at, UTC)  # raises for milliseconds, and for NaN
    return at
