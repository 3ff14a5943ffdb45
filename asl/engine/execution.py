"""One execution: a pure function of its start and of the outcomes that are delivered to it, each with its time.

It calls nobody. The tasks and timers that it needs are put in its outbox, and the engine takes them from there. The
same start and the same deliveries give the same history, so a journal of both is all that must be kept.
"""

from __future__ import annotations

from typing import Any

from asl.engine.clock import iso
from asl.engine.definition import StateMachine
from asl.engine.execution_thread import ExecutionThread, ThreadScheduler
from asl.engine.history import ENTERED, WHOLE, HistoryBuilder, build_execution_context, events, failure
from asl.language.documents import encode
from asl.language.errors import StatesError

RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED = "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"
REDRIVABLE_STATUSES = (FAILED, TIMED_OUT, ABORTED)
REDRIVABLE_SECONDS = 14 * 86_400
"""AWS redrives an execution for this time after its end."""


class Execution(ThreadScheduler):
    """An execution of a state machine.

    Attributes:
        status: RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED, as DescribeExecution has it.
        input, output: JSON values; output is None until it succeeded, `output_text` tells null from nothing.
        error, cause: as recorded; None where there is none.
        started_at, stopped_at: seconds since 1970.
    """

    machine: StateMachine

    def __init__(self, machine: StateMachine, value: Any, *, arn: str, name: str, at: float, seed: int = 0) -> None:
        super().__init__(machine, arn=arn, at=at, seed=seed)
        self.name = name
        self.input = value
        self.started_at = at
        self.stopped_at: float | None = None
        self.status = RUNNING
        self.output: Any = None
        self.output_text: str | None = None
        self.error: str | None = None
        self.cause: str | None = None
        self.redrive_count = 0
        self.history_builder = HistoryBuilder(
            arn, name, self._execution_context(), {"Id": machine.arn, "Name": machine.name}
        )
        self.root = ExecutionThread(self, self.history_builder, self)
        self._begin()

    def _execution_context(self) -> dict[str, Any]:
        machine = self.machine
        redrives = self.redrive_count if machine.type == "STANDARD" else None
        return build_execution_context(self.arn, self.name, self.input, machine.role_arn, self.started_time, redrives)

    def _begin(self) -> None:
        text = encode(self.input)
        details = {"input": text, "inputDetails": WHOLE, "roleArn": self.machine.role_arn}
        self.history_builder.add("ExecutionStarted", self.now, 0, details)
        self._limit_time()
        self.root.enter(self.machine.graph.start, self.input, text)
        self.ready.append(self.root)
        self._drain()

    def _limit_time(self) -> None:
        if self.machine.timeout_seconds is not None:
            self.timer(self.now + self.machine.timeout_seconds, self._time_out)

    # What comes from outside, besides outcomes.

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
        builder = self.history_builder
        builder.execution_context = self._execution_context() | {"RedriveTime": iso(at)}
        details = {"redriveCount": self.redrive_count}
        self.root.last = builder.add("ExecutionRedriven", at, len(builder.records), details)
        self._limit_time()
        self._drain(self.root.redrive)

    # How it ends.

    def thread_done(self, thread: ExecutionThread) -> None:
        self.output, self.output_text = thread.value, thread.text
        self._close(SUCCEEDED, "ExecutionSucceeded", thread.last, {"output": thread.text, "outputDetails": WHOLE})

    def thread_failed(self, thread: ExecutionThread, error: StatesError) -> None:
        self._finish(FAILED, "ExecutionFailed", thread.last, error.error, error.cause)

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
        self.history_builder.add(kind, self.now, previous, details)

    # What can be seen.

    @property
    def history(self) -> list[dict[str, Any]]:
        """The events as GetExecutionHistory of boto3 gives them."""
        return events(self.history_builder.records)

    @property
    def path(self) -> list[str]:
        """The names of the states entered, in order; those inside branches and iterations too."""
        return [record[3]["name"] for record in self.history_builder.records if record[0] in ENTERED and record[3]]

    @property
    def running(self) -> bool:
        return self.status == RUNNING
