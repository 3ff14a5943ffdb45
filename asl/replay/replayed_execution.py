"""The replayed execution: an execution of the new definition whose inputs come from the replay driver.

This module and `recorded_maps` are the only ones of the replay that know how the engine's states wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from asl.engine.awaited_outcomes import OutcomeHandler
from asl.engine.execution import Execution
from asl.engine.history import Record
from asl.engine.machine import Machine
from asl.engine.requests import TaskRequest
from asl.engine.states.error_handling import Backoff
from asl.engine.states.task import Attempt
from asl.engine.states.wait import WaitTimer
from asl.language.documents import decode
from asl.replay.history.events import HistoryEvent
from asl.replay.history.recording import JSON_FIELDS, Recording
from asl.replay.history.visit_tree import VisitTree
from asl.replay.history.visits import StateVisit
from asl.replay.recorded_maps import RecordedMapRun


class Awaited(Enum):
    """What a state can wait for."""

    TASK_RESULT = "task result"
    TASK_TIMEOUT = "task timeout"
    HEARTBEAT_TIMEOUT = "heartbeat timeout"
    RETRY = "retry"
    WAIT_END = "end of a Wait"
    MAP_RUN = "Map Run"


HANDLERS: Mapping[Callable[..., Any], Awaited] = {
    Attempt._outcome: Awaited.TASK_RESULT,
    Attempt._timed_out: Awaited.TASK_TIMEOUT,
    Attempt._missed: Awaited.HEARTBEAT_TIMEOUT,
    Backoff._over: Awaited.RETRY,
    WaitTimer._over: Awaited.WAIT_END,
    RecordedMapRun.receive_result: Awaited.MAP_RUN,
}
"""The engine's handlers of pending inputs."""


@dataclass(frozen=True, slots=True)
class PendingInput:
    """An input that a state waits for.

    Attributes:
        entered: the id of the event that entered the state.
        request: of a task.
        due: of a Wait.
    """

    id: int
    awaited: Awaited
    state: str
    entered: int
    request: TaskRequest | None = None
    due: float = 0.0


class ReplayedExecution(Execution):
    """An execution of the new definition, with its history as a visit tree.

    Attributes:
        entered_times: the times that its context object has returned; the recording has others.
        requests: the tasks that it has requested, by pending id.
        requested_at: their times.
    """

    def __init__(self, machine: Machine, recording: Recording, arn: str, name: str) -> None:
        self.entered_times: set[str] = set()
        self.requests: dict[int, TaskRequest] = {}
        self.requested_at: dict[int, float] = {}
        self.tree = VisitTree()
        super().__init__(machine, recording.input, arn=arn, name=name, at=recording.started_at)

    def entered_time(self, at: float) -> str:
        time = super().entered_time(at)
        self.entered_times.add(time)
        return time

    def request(self, request: TaskRequest, handler: OutcomeHandler, time_out: OutcomeHandler | None = None) -> int:
        self.requests[request.pending_id] = request
        self.requested_at[request.pending_id] = self.now
        return super().request(request, handler, time_out)

    def new_events(self) -> Iterator[tuple[HistoryEvent, StateVisit | None]]:
        """The events since the last call, each with its visit."""
        records = self.history_builder.records
        while len(self.tree.events) < len(records):
            event = _parse_record(len(self.tree.events) + 1, records[len(self.tree.events)])
            yield event, self.tree.add(event)

    def pending_inputs(self) -> list[PendingInput]:
        """The inputs that its states wait for."""
        inputs = []
        for pending_id, handler in self.pending.items():
            awaited = HANDLERS.get(getattr(handler, "__func__", handler))
            if awaited is not None:
                owner = handler.__self__  # type: ignore[attr-defined]
                request, due = getattr(owner, "request", None), getattr(owner, "due", 0.0)
                thread = owner.thread
                inputs.append(PendingInput(pending_id, awaited, thread.state.name, thread.entered, request, due))
        return inputs

    def pending_input(self, visit: StateVisit, *awaited: Awaited) -> PendingInput | None:
        """The first input of these kinds that a visit waits for."""
        inputs = (each for each in self.pending_inputs() if each.entered == visit.entered.id)
        return next((each for each in inputs if each.awaited in awaited), None)

    def waiting_states(self) -> dict[int, str]:
        """The states that wait for something, by the ids of the events that entered them."""
        return {each.entered: each.state for each in self.pending_inputs()}

    def execution_timer(self) -> int | None:
        """The pending id of the execution's own timeout."""
        timers = (pending_id for pending_id, handler in self.pending.items() if handler == self._time_out)
        return next(timers, None)

    @property
    def volatile_texts(self) -> set[str]:
        """Texts that differ from those of the recording in every replay: times and task tokens."""
        tokens = {request.token for request in self.requests.values() if request.token}
        context = self.history_builder.execution_context
        return self.entered_times | tokens | {str(context.get("RedriveTime")), context["StartTime"]}


def _parse_record(number: int, record: Record) -> HistoryEvent:
    kind, at, previous, record_details = record
    details = dict(record_details or {})
    for field in JSON_FIELDS:
        if isinstance(details.get(field), str):
            details[field] = decode(details[field])
    return HistoryEvent(number, kind, at, previous, details)
