"""The threads of an execution: each stands in one state at a time and carries that state's input.

An execution starts with one thread. Every branch of a Parallel state and every iteration of a Map has one of its own.
They are no threads of the operating system: a scheduler gives each ready one its turn, one state at a time, in order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any, Protocol
from uuid import UUID

from asl.engine.awaited_outcomes import AwaitedOutcomes
from asl.engine.clock import iso
from asl.engine.history import QUOTA, WHOLE, HistoryBuilder, failure
from asl.engine.identity import MachineIdentity
from asl.language.data_flow import Fields
from asl.language.documents import NEVER_TOO_LARGE, data_limit, encode, too_large
from asl.language.errors import QueryEvaluationError, StatesError
from asl.language.scope import Scope

THREAD_RUNNING, THREAD_DONE, THREAD_FAILED = "running", "done", "failed"
EVALUATION_ERRORS = (
    "States.Runtime",
    "States.QueryEvaluationError",
    "States.IntrinsicFailure",
    "States.ResultPathMatchFailure",
)


class HistoryFull(Exception):
    """A history has room for one more event, which must say so. `root` is the thread that the history belongs to."""

    def __init__(self, root: ExecutionThread) -> None:
        super().__init__(root.history_builder.arn)
        self.root = root


class Blocker(Protocol):
    """What a thread is blocked on inside its state: a task's outcome, a timer, child threads."""

    def abort(self) -> None:
        """Forget all that is pending; what a redrive needs is kept."""

    def redrive(self) -> bool:
        """Continue after a redrive; False if the state must start over."""


class ThreadOwner(Protocol):
    """What a thread reports its end to: the execution, or the children of a state."""

    def thread_done(self, thread: ExecutionThread) -> None: ...
    def thread_failed(self, thread: ExecutionThread, error: StatesError) -> None: ...


class State:
    """A compiled state. It holds nothing of any execution: that is the thread's.

    Attributes:
        next: the state that follows; None where the thread ends.
    """

    parameters_field = "Parameters"
    counts_retries = False
    """The context object has a RetryCount in states with Retry."""
    failed_query_steps_back = True
    """AWS lets an EvaluationFailed event follow what the entered event followed, except in Wait."""

    def __init__(self, name: str, spec: dict[str, Any], jsonata: bool) -> None:
        kind = spec["Type"]
        self.name = name
        self.spec = spec
        self.kind = kind
        self.jsonata = jsonata
        self.entered_event = f"{kind}StateEntered"
        self.exited_event = f"{kind}StateExited"
        self.next: State | None = None
        self.fields = Fields(spec, jsonata, self.parameters_field)

    def link(self, states: dict[str, State]) -> None:
        """Replace the names of other states by the states."""
        if "Next" in self.spec:
            self.next = states[self.spec["Next"]]

    def run(self, thread: ExecutionThread) -> bool:
        """Run the state for a thread that stands in it; True if the thread left it and can go on at once."""
        raise NotImplementedError

    def handle_error(self, thread: ExecutionThread, error: StatesError) -> bool:
        """Retry, catch or fail; True if the thread left the state and can go on at once."""
        return thread.fail(error)


class ExecutionThread:
    """A thread of control.

    Attributes:
        state: the state it is in.
        value, text: that state's raw input, and the same as JSON text.
        variables: the workflow variables in scope; replaced, never changed.
        last: the id of the event that its next event follows.
        before: the id of the event that the entered event follows.
        entered: the id of the state's entered event; entered_at its time.
        item: the context object's ``Map``, inside an iteration.
        retries: how often each retrier of the state has been used; retry_count: how often the state was retried.
        status: THREAD_RUNNING, THREAD_DONE (value and text are then the output) or THREAD_FAILED.
        root: the thread that began its history: the execution's, or a child execution's.
    """

    __slots__ = (
        "before", "blocker", "entered", "entered_at", "execution", "history_builder", "index", "item", "last", "owner",
        "records", "retries", "retry_count", "root", "state", "status", "text", "value", "variables",
    )  # fmt: skip

    state: State
    blocker: Blocker | None
    retries: list[int] | None

    def __init__(
        self,
        execution: ThreadScheduler,
        history_builder: HistoryBuilder,
        owner: ThreadOwner,
        last: int = 0,
        variables: dict[str, Any] | None = None,
        index: int = 0,
        root: ExecutionThread | None = None,
        item: dict[str, Any] | None = None,
    ) -> None:
        self.execution = execution
        self.history_builder = history_builder
        self.records = history_builder.records
        self.owner = owner
        self.last = last
        self.variables: dict[str, Any] = variables or {}
        self.index = index
        self.root: ExecutionThread = root or self
        self.item = item
        self.status = THREAD_RUNNING

    # From state to state.

    def advance(self) -> None:
        """Go on until nothing is left to do now; between two states, other ready threads get their turn."""
        ready = self.execution.ready
        while True:
            try:
                goes_on = self.state.run(self)
            except StatesError as error:
                goes_on = self.state.handle_error(self, self.explain_error(error))
            if not goes_on:
                return
            if ready:
                ready.append(self)
                return

    def finish_state(self, result: Any) -> None:
        """Complete the state with a result from outside; the thread is ready again unless it ended."""
        self.resume(partial(self.complete, result))

    def fail_state(self, error: StatesError) -> None:
        """Handle an error from outside; the thread is ready again if a catcher took it."""
        self.resume(partial(self.state.handle_error, self, error))

    def resume(self, step: Callable[[], bool]) -> None:
        """Take a step that an outcome made possible; the thread is ready again if it can go on."""
        try:
            goes_on = step()
        except StatesError as error:
            goes_on = self.state.handle_error(self, self.explain_error(error))
        if goes_on:
            self.execution.ready.append(self)

    def enter(self, state: State, value: Any, text: str) -> bool:
        """Stand in a state; True, for the state can be run at once."""
        self.state = state
        self.value = value
        self.text = text
        self.blocker = self.retries = None
        self.retry_count = 0
        self.before = self.last
        records, execution = self.records, self.execution
        if len(records) >= execution.quota:
            raise HistoryFull(self.root)
        now = self.entered_at = execution.now
        details = {"name": state.name, "input": text, "inputDetails": WHOLE}
        records.append((state.entered_event, now, self.last, details))
        self.entered = self.last = len(records)
        return True

    def complete(self, result: Any) -> bool:
        """Leave the state with its result, through the output fields."""
        fields = self.state.fields
        if fields.plain:
            return self.leave(result)
        return self.leave(*fields.output(self.scope(), self.value, result))

    def pass_on_input(self) -> bool:
        """Leave a state whose result is its input."""
        fields = self.state.fields
        if fields.plain:
            return self.leave(self.value)
        scope = self.scope()
        return self.leave(*fields.output(scope, self.value, fields.filtered(scope)))

    def leave(self, value: Any, assigned: dict[str, Any] | None = None, target: State | None = None) -> bool:
        """Leave the state for the next one, or end. True if there is more to do.

        Raises ``States.DataLimitExceeded`` before anything is recorded.
        """
        state = self.state
        text = self.text if value is self.value else encode(value)
        if len(text) > NEVER_TOO_LARGE and too_large(text):
            raise data_limit(state.name)
        details: dict[str, Any] = {"name": state.name, "output": text, "outputDetails": WHOLE}
        if assigned:
            details["assignedVariables"] = {name: encode(each) for name, each in assigned.items()}
            details["assignedVariablesDetails"] = WHOLE
            self.variables = {**self.variables, **assigned}
        records, execution = self.records, self.execution
        if len(records) >= execution.quota:
            raise HistoryFull(self.root)
        records.append((state.exited_event, execution.now, self.last, details))
        self.last = len(records)
        target = target or state.next
        if target is not None:
            return self.enter(target, value, text)
        self.value = value
        self.text = text
        return self.end()

    def end(self) -> bool:
        """The last state is done; its output is the thread's."""
        self.status = THREAD_DONE
        self.blocker = None
        self.owner.thread_done(self)
        return False

    def fail(self, error: StatesError) -> bool:
        """The state failed and nothing caught it; state, input and blocker stay for a redrive."""
        self.status = THREAD_FAILED
        self.owner.thread_failed(self, error)
        return False

    def abort(self) -> None:
        """Stop waiting; a redrive starts from here."""
        if self.status == THREAD_RUNNING:
            self.status = THREAD_FAILED
            if self.blocker is not None:
                self.blocker.abort()

    def redrive(self) -> None:
        """Redrive from the current state, with fresh retry counts. What is done stays done."""
        if self.status == THREAD_DONE:
            return
        self.status = THREAD_RUNNING
        self.retries = None
        self.retry_count = 0
        if self.blocker is None or not self.blocker.redrive():
            self.blocker = None
            self.execution.ready.append(self)

    # What its state sees, and what is recorded.

    def context(self) -> dict[str, Any]:
        """The context object for the current state."""
        state: dict[str, Any] = {"EnteredTime": self.execution.entered_time(self.entered_at), "Name": self.state.name}
        if self.state.counts_retries:
            state["RetryCount"] = self.retry_count
        builder = self.history_builder
        context = {"Execution": builder.execution_context, "State": state, "StateMachine": builder.machine_context}
        if self.item is not None:
            context["Map"] = self.item
        return context

    def scope(self) -> Scope:
        """What the state's expressions see, before any of its fields is applied."""
        context = self.context()
        states = {"input": self.value, "context": context}
        execution = self.execution
        return Scope(self.value, context, self.variables, states, execution.random, execution.read_clock)

    def record(self, kind: str, details: dict[str, Any] | None = None) -> None:
        """Record an event that follows the thread's last."""
        records, execution = self.records, self.execution
        if len(records) >= execution.quota:
            raise HistoryFull(self.root)
        records.append((kind, execution.now, self.last, details))
        self.last = len(records)

    def explain_error(self, error: StatesError) -> StatesError:
        """Add the state to the cause of an evaluation error; a failed query is recorded as an event of its own."""
        if error.error not in EVALUATION_ERRORS:
            return error
        state = self.state
        place = f"An error occurred while executing the state '{state.name}' (entered at the event id #{self.entered})."
        cause = f"{place} {error.cause or ''}"
        if isinstance(error, QueryEvaluationError):
            details = failure(error.error, cause) | {"state": state.name}
            if error.location:
                details["location"] = error.location
            if self.last == self.entered and state.failed_query_steps_back:
                self.last = self.before
            self.record("EvaluationFailed", details)
        return StatesError(error.error, cause)


class ThreadScheduler(AwaitedOutcomes):
    """What the threads of one execution share: their turns, the outcomes that they await, time, random numbers.

    Attributes:
        ready: the threads that can go on, in order.
        map_runs: the Map Runs, in the order they started.
        last_error: what a state last failed with, retried or caught or neither.
        quota: how many events a history may hold before its last one.
    """

    root: ExecutionThread

    def __init__(self, machine: MachineIdentity, *, arn: str, at: float, seed: int) -> None:
        super().__init__(arn, at, seed)
        self.machine = machine
        self.random = Random(f"{seed}:{arn}")
        self.ready: deque[ExecutionThread] = deque()
        self.map_runs: list[Any] = []
        self.last_error: StatesError | None = None
        self.quota: float = QUOTA - 1 if machine.type == "STANDARD" else float("inf")
        self.started_time = iso(at)
        self._entered_time = (at, self.started_time)

    def deliver(self, at: float, pending_id: int, kind: str, data: Any = None) -> bool:
        """Hand an outcome to its handler; False if nothing awaits it any more."""
        handler = self.pending.get(pending_id)
        if handler is None:
            return False
        self.now = at
        self._drain(partial(handler, kind, data))
        return True

    def _drain(self, first: Callable[[], None] | None = None) -> None:
        """Make a call, and then run all threads that are ready."""
        ready = self.ready
        while first is not None or ready:
            try:
                call, first = first, None
                if call is not None:
                    call()
                while ready:
                    ready.popleft().advance()
            except HistoryFull as full:
                first = partial(self._exceed_quota, full.root)

    @staticmethod
    def _exceed_quota(root: ExecutionThread) -> None:
        """A history of a Standard execution holds 25,000 events and no more; the last one says so."""
        cause = f"The execution reached the maximum number of history events ({QUOTA})."
        root.abort()
        root.owner.thread_failed(root, StatesError("States.Runtime", cause))

    def unique(self) -> str:
        """A UUID from the execution's own random numbers."""
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def read_clock(self) -> float:
        return self.now

    def entered_time(self, at: float) -> str:
        """A time for the context object, cached: most states are entered at the same moment as the one before."""
        if self._entered_time[0] != at:
            self.started_time = iso(at)
        self._entered_time = (at, self.started_time)
        return self._entered_time[1]
