"""The history of one execution: compact records while it runs, and events in the form of GetExecutionHistory.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
"""

from __future__ import annotations

from typing import Any

from asl.engine.clock import moment

QUOTA = 25_000
WHOLE = {"truncated": False}
Record = tuple[str, float, int, dict[str, Any] | None]
"""Type, time, the previous event's id, details. A record's id is its place in the list, from 1."""
ENTERED = frozenset(
    f"{kind}StateEntered" for kind in ("Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")
)


def details_name(kind: str) -> str:
    """The member of a HistoryEvent that holds this type's details."""
    if kind.endswith("StateEntered"):
        return "stateEnteredEventDetails"
    if kind.endswith("StateExited"):
        return "stateExitedEventDetails"
    return f"{kind[0].lower()}{kind[1:]}EventDetails"


def event(number: int, record: Record) -> dict[str, Any]:
    """A record as a HistoryEvent of boto3's GetExecutionHistory; ``timestamp`` is a UTC datetime."""
    kind, at, previous, details = record
    fields: dict[str, Any] = {"timestamp": moment(at), "type": kind, "id": number, "previousEventId": previous}
    if details is not None:
        fields[details_name(kind)] = details
    return fields


def events(records: list[Record]) -> list[dict[str, Any]]:
    """The whole history, oldest first."""
    return [event(number, record) for number, record in enumerate(records, 1)]


def failure(error: str | None, cause: str | None) -> dict[str, Any]:
    """The details of a failed event; an empty error or cause is left out."""
    details = {}
    if error:
        details["error"] = error
    if cause:
        details["cause"] = cause
    return details


class HistoryBuilder:
    """One execution's identity and history; each child execution of a distributed Map has its own.

    Attributes:
        arn: the execution's ARN.
        records: its history.
        execution_context: the context object's ``Execution``; replaced, never changed.
        machine_context: the context object's ``StateMachine``.
    """

    __slots__ = ("arn", "execution_context", "machine_context", "name", "records")

    def __init__(self, arn: str, name: str, execution_context: dict[str, Any], machine_context: dict[str, str]) -> None:
        self.arn = arn
        self.name = name
        self.execution_context = execution_context
        self.machine_context = machine_context
        self.records: list[Record] = []

    def add(self, kind: str, at: float, previous: int, details: dict[str, Any] | None = None) -> int:
        """Record an event; returns its id."""
        self.records.append((kind, at, previous, details))
        return len(self.records)


def build_execution_context(
    arn: str, name: str, value: Any, role: str, started_time: str, redrives: int | None
) -> dict[str, Any]:
    """The ``Execution`` part; None as `redrives` leaves out the count, as in Express executions."""
    context = {"Id": arn, "Input": value, "StartTime": started_time, "Name": name, "RoleArn": role}
    if redrives is not None:
        context["RedriveCount"] = redrives
    return context
