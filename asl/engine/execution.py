"""One execution: a pure function of its start and of the outcomes that are delivered to it, each with its time.

It calls nobody. What it wants of the world (tasks, timers) it puts in its outbox; the engine takes it from there. The
same start and the same deliveries give the same history, so a journal of both is all that must be kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

from asl.engine.clock import iso
from asl.engine.execution_thread import ExecutionThread, HistoryFull
from asl.engine.history import ENTERED, QUOTA, WHOLE, events, failure
from asl.engine.history_builder import HistoryBuilder, execution_context
from asl.engine.requests import TaskRequest
from asl.language.documents import encode
from asl.language.errors import StatesError

if TYPE_CHECKING:
    from asl.engine.machine import Machine

Handler = Callable[[str, Any], None]
RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED = "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"


@dataclass(slots=True)
class OutboxEntry:
    """A timer, or a task to run: due at a time, answered under a ticket."""

    pending_id: int
    due: float
    request: TaskRequest | None = None


class Execution:
    """A run of a state machine.

    Attributes:
        status: RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED, as DescribeExecution has it.
        input, output: JSON values; output is None until it succeeded, `output_text` tells null from nothing.
        error, cause: as recorded; None where there is none.
        last_fault: what a state last failed with, retried or caught or neither.
        started_at, stopped_at: seconds since 1970.
        outbox: what it wants and the engine hasn't taken yet.
        dropped: tasks that it no longer waits for, though they haven't answered.
        pending: who waits for the outcome of which ticket.
    """

    def __init__(self, machine: Machine, value: Any, *, arn: str, name: str, at: float, seed: int = 0) -> None:
        self.machine = machine
        self.arn = arn
        self.name = name
        self.input = value
        self.seed = seed
        self.now = self.started_at = at
        self.stopped_at: float | None = None
        self.status = RUNNING
        self.output: Any = None
        self.output_text: str | None = None
        self.error: str | None = None
        self.cause: str | None = None
        self.last_fault: StatesError | None = None
        self.redrive_count = 0
        self.random = Random(f"{seed}:{arn}")
        self.ready: deque[ExecutionThread] = deque()
        self.outbox: list[OutboxEntry] = []
        self.dropped: list[TaskRequest] = []
        self.pending: dict[int, Handler] = {}
        self.last_pending_id = 0
        self.map_runs: list[Any] = []
        self.quota: float = QUOTA - 1 if machine.type == "STANDARD" else float("inf")
        self._iso = (at, iso(at))
        self.trace = HistoryBuilder(arn, name, {}, {"Id": machine.arn, "Name": machine.name})
        self._describe(machine)
        self.root = self.trace.root = ExecutionThread(self, self.trace, self, 0, {})
        self._begin()

    def _describe(self, machine: Machine) -> None:
        redrives = self.redrive_count if machine.type == "STANDARD" else None
        self.trace.execution = execution_context(
            self.arn, self.name, self.input, machine.role_arn, self.started_at, redrives
        )

    def _begin(self) -> None:
        text = encode(self.input)
        details = {"input": text, "inputDetails": WHOLE, "roleArn": self.machine.role_arn}
        self.trace.add("ExecutionStarted", self.now, 0, details)
        self._limit_time()
        self.root.enter(self.machine.graph.start, self.input, text)
        self.ready.append(self.root)
        self._drain()

    def _limit_time(self) -> None:
        if self.machine.timeout_seconds is not None:
            self.timer(self.now + self.machine.timeout_seconds, self._time_out)

    def _drain(self, first: Callable[[], None] | None = None) -> None:
        """Do something, and then all that became possible by it."""
        ready = self.ready
        while first is not None or ready:
            try:
                begin, first = first, None
                if begin is not None:
                    begin()
                while ready:
                    ready.popleft().advance()
            except HistoryFull as full:
                first = partial(self._exceed_quota, full.trace)

    # What comes in.

    def deliver(self, at: float, pending_id: int, kind: str, data: Any = None) -> bool:
        """Hand an outcome to whoever waits for the ticket; False if nobody does any more."""
        handler = self.pending.get(pending_id)
        if handler is None or self.status != RUNNING:
            return False
        self.now = at
        self._drain(partial(handler, kind, data))
        return True

    def stop(self, at: float, error: str | None = None, cause: str | None = None) -> None:
        """StopExecution: nothing more happens, nothing is compensated."""
        self.now = at
        self._finish(ABORTED, "ExecutionAborted", 0, error, cause)

    def redrive(self, at: float) -> None:
        """Go on from the states that failed or were stopped; what was done stays done, retry counts are fresh.

        https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
        """
        self.now = at
        self.redrive_count += 1
        self.status, self.stopped_at, self.error, self.cause = RUNNING, None, None, None
        self._describe(self.machine)
        self.trace.execution["RedriveTime"] = iso(at)
        details = {"redriveCount": self.redrive_count}
        self.root.last = self.trace.add("ExecutionRedriven", at, len(self.trace.records), details)
        self._limit_time()
        self._drain(self.root.revive)

    # What goes out.

    def await_outcome(self, handler: Handler) -> int:
        """A number under which an outcome is awaited; the same ones come again in a replay."""
        self.last_pending_id += 1
        self.pending[self.last_pending_id] = handler
        return self.last_pending_id

    def timer(self, due: float, handler: Handler) -> int:
        """Call the handler at a time; returns its ticket."""
        pending_id = self.await_outcome(handler)
        self.outbox.append(OutboxEntry(pending_id, due))
        return pending_id

    def request(self, request: TaskRequest) -> None:
        self.outbox.append(OutboxEntry(request.pending_id, self.now, request))

    def unique(self) -> str:
        """A UUID from the execution's own random numbers."""
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def token(self, pending_id: int) -> str:
        """A task token that nobody guesses and every replay makes again."""
        return sha256(f"{self.seed}:{self.arn}:{pending_id}".encode()).hexdigest()

    def read_clock(self) -> float:
        return self.now

    def entered_time(self, at: float) -> str:
        """A time for the context object; most states are entered at the same moment as the one before."""
        if self._iso[0] != at:
            self._iso = (at, iso(at))
        return self._iso[1]

    # How it ends.

    def thread_done(self, thread: ExecutionThread) -> None:
        self.output, self.output_text = thread.value, thread.text
        self._close(SUCCEEDED, "ExecutionSucceeded", thread.last, {"output": thread.text, "outputDetails": WHOLE})

    def thread_failed(self, thread: ExecutionThread, error: StatesError) -> None:
        self._finish(FAILED, "ExecutionFailed", thread.last, error.error, error.cause)

    def _exceed_quota(self, trace: HistoryBuilder) -> None:
        """A Standard execution holds 25,000 events and no more; the last one says so."""
        cause = f"The execution reached the maximum number of history events ({QUOTA})."
        trace.root.abort()
        trace.root.owner.thread_failed(trace.root, StatesError("States.Runtime", cause))

    def _time_out(self, kind: str, data: Any) -> None:
        self._finish(TIMED_OUT, "ExecutionTimedOut", self.root.last, "States.Timeout", None)

    def _finish(self, status: str, kind: str, previous: int, error: str | None, cause: str | None) -> None:
        if self.status != RUNNING:
            return
        self.error, self.cause = error or None, cause or None
        self.root.abort()
        self._close(status, kind, previous, failure(error, cause))

    def _close(self, status: str, kind: str, previous: int, details: dict[str, Any]) -> None:
        self.status = status
        self.stopped_at = self.now
        self.pending.clear()
        self.ready.clear()
        self.trace.add(kind, self.now, previous, details)

    # What can be seen.

    @property
    def history(self) -> list[dict[str, Any]]:
        """The events as GetExecutionHistory of boto3 gives them."""
        return events(self.trace.records)

    @property
    def path(self) -> list[str]:
        """The names of the states entered, in order; those inside branches and iterations too."""
        return [record[3]["name"] for record in self.trace.records if record[0] in ENTERED and record[3]]

    @property
    def running(self) -> bool:
        return self.status == RUNNING
