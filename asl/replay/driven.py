"""An execution that is told what happened, by whom of its branches it happened to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asl.engine.awaited_outcomes import OutcomeHandler
from asl.engine.execution import Execution
from asl.engine.execution_thread import ExecutionThread
from asl.engine.history import Record
from asl.engine.machine import Machine
from asl.engine.requests import TaskRequest
from asl.engine.states.error_handling import Backoff
from asl.engine.states.task import Attempt
from asl.engine.states.wait import WaitTimer
from asl.language.documents import decode
from asl.replay.recording import TEXTS, Recording
from asl.replay.stand_in import MapRun
from asl.replay.visits import Event, Visit, Visits

Owner = Attempt | Backoff | WaitTimer | MapRun


class Driven(Execution):
    """An execution of the new definition, with its history as visits.

    Attributes:
        times: the moments that its context object has shown; a recording shows others.
        requests: the tasks that it has asked for, by ticket; `began` when.
    """

    def __init__(self, machine: Machine, recording: Recording, arn: str, name: str) -> None:
        self.times: set[str] = set()
        self.requests: dict[int, TaskRequest] = {}
        self.began: dict[int, float] = {}
        self.visits = Visits()
        super().__init__(machine, recording.input, arn=arn, name=name, at=recording.started_at)

    def entered_time(self, at: float) -> str:
        shown = super().entered_time(at)
        self.times.add(shown)
        return shown

    def request(self, request: TaskRequest, handler: OutcomeHandler, time_out: OutcomeHandler | None = None) -> int:
        self.requests[request.pending_id] = request
        self.began[request.pending_id] = self.now
        return super().request(request, handler, time_out)

    def news(self) -> Iterator[tuple[Event, Visit | None]]:
        """The events since the last time, each with the visit that it belongs to."""
        records = self.history_builder.records
        while len(self.visits.events) < len(records):
            event = _as_event(len(self.visits.events) + 1, records[len(self.visits.events)])
            yield event, self.visits.add(event)

    def waiting(self) -> list[tuple[int, str, Owner]]:
        """Who waits for what: ticket, the name of what is called, and the frame it belongs to."""
        found = []
        for pending_id, handler in self.pending.items():
            owner = getattr(handler, "__self__", None)
            if isinstance(owner, Owner):
                found.append((pending_id, handler.__name__, owner))
        return found

    def awaiting(self, visit: Visit, call: str, kind: type[Owner]) -> tuple[int, Any] | None:
        """The ticket and the frame of a visit that waits for such a call."""
        for pending_id, name, owner in self.waiting():
            if name == call and isinstance(owner, kind) and owner.thread.entered == visit.entered.id:
                return pending_id, owner
        return None

    def standing(self) -> list[ExecutionThread]:
        """The branches that wait for something, each once."""
        branches = {id(owner.thread): owner.thread for _, _, owner in self.waiting()}
        return list(branches.values())

    @property
    def volatile(self) -> set[str]:
        """Texts of its own that a recording has others for: times and task tokens."""
        tokens = {request.token for request in self.requests.values() if request.token}
        return (
            self.times
            | tokens
            | {
                str(self.history_builder.execution_context.get("RedriveTime")),
                self.history_builder.execution_context["StartTime"],
            }
        )


def _as_event(number: int, record: Record) -> Event:
    kind, at, previous, details = record
    shown = dict(details or {})
    for field in TEXTS:
        if isinstance(shown.get(field), str):
            shown[field] = decode(shown[field])
    return Event(number, kind, at, previous, shown)
