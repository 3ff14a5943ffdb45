"""What ``$$`` and ``$states.context`` show, and the history that goes with it: one Trace an execution.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asl.engine.clock import iso
from asl.engine.history import Record

if TYPE_CHECKING:
    from asl.engine.execution_thread import ExecutionThread


class HistoryBuilder:
    """One execution's identity and history; each child of a distributed Map has its own.

    Attributes:
        arn: the execution's ARN.
        records: its history.
        execution: the context object's ``Execution``; replaced, never changed.
        machine: the context object's ``StateMachine``.
        root: the branch that is the whole of it.
    """

    __slots__ = ("arn", "execution", "machine", "name", "records", "root")

    root: ExecutionThread

    def __init__(self, arn: str, name: str, execution: dict[str, Any], machine: dict[str, Any]) -> None:
        self.arn = arn
        self.name = name
        self.execution = execution
        self.machine = machine
        self.records: list[Record] = []

    def add(self, kind: str, at: float, previous: int, details: dict[str, Any] | None = None) -> int:
        """Record an event; returns its id."""
        self.records.append((kind, at, previous, details))
        return len(self.records)


def execution_context(
    arn: str, name: str, value: Any, role: str, started: float, redrives: int | None
) -> dict[str, Any]:
    """The ``Execution`` part; Express executions (`redrives` None) can't be redriven and say nothing of it."""
    context = {"Id": arn, "Input": value, "StartTime": iso(started), "Name": name, "RoleArn": role}
    if redrives is not None:
        context["RedriveCount"] = redrives
    return context
