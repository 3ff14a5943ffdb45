"""The history of one execution while it is built, with the context object's parts that go with it.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
"""

from __future__ import annotations

from typing import Any

from asl.engine.history import Record


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
