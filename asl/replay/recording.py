"""Histories as ``aws stepfunctions get-execution-history`` prints them, and as the engine itself gives them.

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
from asl.replay.visits import Event, Visits

ENDS = {
    "ExecutionSucceeded": "SUCCEEDED",
    "ExecutionFailed": "FAILED",
    "ExecutionTimedOut": "TIMED_OUT",
    "ExecutionAborted": "ABORTED",
}
_NUMBER = re.compile(r"\d+(\.\d+)?")
TEXTS = ("input", "output", "parameters")
TOKENS = ("nextToken", "NextToken")
"""Of a page: as the service answers, and as the AWS CLI says it under ``--max-items``."""
EXPORT = "export it with: aws stepfunctions get-execution-history --execution-arn ARN"


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
        return recording(json.loads(path.read_bytes()), name=path.name.partition(".")[0])
    except BadHistory as error:
        raise BadHistory(f"{path}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise BadHistory(f"{path} isn't JSON ({error or 'it nests too deep'}): {EXPORT}") from None


def recording(history: Mapping[str, Any] | Sequence[Mapping[str, Any]], *, name: str = "history") -> Recording:
    """A history as GetExecutionHistory answers, or its events alone. Raises BadHistory."""
    if isinstance(history, Mapping):
        if more := next((token for token in TOKENS if history.get(token)), ""):
            raise BadHistory(
                f"the history is cut: it has a {more}, and more pages follow; export it without --max-items"
            )
        history = history.get("events", [])
    if not isinstance(history, list) or not history:
        raise BadHistory(f"there are no events in it: {EXPORT}")
    events = tuple(sorted(map(_event, history), key=lambda event: event.id))
    _check_order(events)
    return Recording(name, events)


def _check_order(events: Sequence[Event]) -> None:
    """Raise BadHistory unless they are all there, and each follows an earlier one."""
    if events[0].kind != "ExecutionStarted" or [event.id for event in events] != list(range(1, len(events) + 1)):
        raise BadHistory(f"the history doesn't begin with ExecutionStarted and go on without a gap: {EXPORT}")
    for event in events:
        if not 0 <= event.previous < event.id:
            raise BadHistory(f"event {event.id} ({event.kind}) follows event {event.previous}, which isn't before it")


def _event(told: Any) -> Event:
    """Raises BadHistory for what is no HistoryEvent."""
    if not isinstance(told, Mapping):
        raise BadHistory(f"an event that is none: {json.dumps(told)[:80]}")
    missing = [field for field in ("type", "id", "timestamp") if field not in told]
    if missing:
        raise BadHistory(f"an event that is none: it has no {missing[0]}")
    kind = told["type"]
    if not isinstance(kind, str):
        raise BadHistory(f"an event that is none: its type is {json.dumps(kind)[:80]}")
    try:
        number, previous, at = int(told["id"]), int(told.get("previousEventId", 0)), _seconds(told["timestamp"])
        return Event(number, kind, at, previous, _details(kind, dict(told.get(details_name(kind)) or {})))
    except BadHistory as error:
        raise BadHistory(f"event {told['id']} ({kind}): {error}") from None
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise BadHistory(f"an event that is none: event {told['id']} ({kind}): {error}") from None


def _details(kind: str, told: dict[str, Any]) -> dict[str, Any]:
    """The details, with JSON texts as values."""
    for field in TEXTS:
        cut = told.get(f"{field}Details")
        if isinstance(cut, Mapping) and cut.get("truncated"):
            raise BadHistory(f"its {field} is cut short, and nothing can be replayed without it: export it from AWS")
        if isinstance(told.get(field), str):
            told[field] = decode(told[field])
    enters = kind.endswith("StateEntered")
    if enters and told and not isinstance(told.get("name"), str):
        raise BadHistory("it names no state")
    if "input" not in told and (enters or kind == "ExecutionStarted"):
        raise BadHistory("it was exported without execution data: leave out --no-include-execution-data")
    return told


def _seconds(moment: Any) -> float:
    """A timestamp as the AWS CLI (ISO 8601, or a number in its first version) or boto3 gives it."""
    if isinstance(moment, datetime):
        return moment.timestamp()
    if isinstance(moment, str) and not _NUMBER.fullmatch(moment):
        return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()
    at = float(moment)
    datetime.fromtimestamp(at, UTC)  # raises for milliseconds, and for NaN
    return at
