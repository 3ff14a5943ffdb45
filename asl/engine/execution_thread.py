"""One line of control: it stands in one state at a time and carries that state's input.

The whole execution is a branch; so is every branch of a Parallel state and every iteration of a Map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from asl.engine.history import WHOLE
from asl.language.documents import data_limit, encode, too_large
from asl.language.errors import StatesError
from asl.language.scope import Scope

if TYPE_CHECKING:
    from asl.engine.execution import Execution
    from asl.engine.history_builder import HistoryBuilder
    from asl.engine.states.base import State

RUNNING, DONE, FAILED = "running", "done", "failed"


class HistoryFull(Exception):
    """There is room for one more event, and that must say so."""

    def __init__(self, trace: HistoryBuilder) -> None:
        super().__init__(trace.arn)
        self.trace = trace


class Frame(Protocol):
    """What a branch waits for inside its state: a task's answer, a timer, other branches."""

    def abort(self) -> None:
        """Forget all that is pending; what a redrive needs is kept."""

    def revive(self) -> bool:
        """Take up again after a redrive; False if the state must start anew."""


class Owner(Protocol):
    """Who hears how a branch ended."""

    def thread_done(self, thread: ExecutionThread) -> None: ...
    def thread_failed(self, thread: ExecutionThread, error: StatesError) -> None: ...


class ExecutionThread:
    """Where control stands.

    Attributes:
        state: the state it is in.
        value, text: that state's raw input, and the same as JSON.
        variables: the workflow variables that it sees; replaced, never changed.
        last: the id of the event that its next event follows.
        before: what the entered event followed.
        entered: the id of the state's entered event; entered_at its time.
        item: the context object's ``Map``, inside an iteration.
        retries: how often each retrier of the state has been used.
        status: RUNNING, DONE (value and text are then the output) or FAILED.
    """

    __slots__ = (
        "before", "entered", "entered_at", "execution", "frame", "index", "item", "last", "owner", "retries", "state",
        "status", "text", "trace", "value", "variables",
    )  # fmt: skip

    state: State
    frame: Frame | None

    def __init__(
        self,
        execution: Execution,
        trace: HistoryBuilder,
        owner: Owner,
        last: int,
        variables: dict[str, Any],
        index: int = 0,
    ) -> None:
        self.execution = execution
        self.trace = trace
        self.owner = owner
        self.last = last
        self.variables = variables
        self.index = index
        self.item: dict[str, Any] | None = None
        self.status = RUNNING

    def enter(self, state: State, value: Any, text: str) -> bool:
        """Stand in a state; True, for there is work to do in it."""
        execution, records = self.execution, self.trace.records
        self.state = state
        self.value = value
        self.text = text
        self.frame = None
        self.retries: list[int] | None = None
        self.before = self.last
        self.entered_at = execution.now
        if len(records) >= execution.quota:
            raise HistoryFull(self.trace)
        records.append(
            (state.entered_event, execution.now, self.last, {"name": state.name, "input": text, "inputDetails": WHOLE})
        )
        self.last = self.entered = len(records)
        return True

    def leave(self, value: Any, assigned: dict[str, Any] | None = None, target: State | None = None) -> bool:
        """Leave the state for the next one, or end. True if there is more to do.

        Raises ``States.DataLimitExceeded`` before anything is recorded.
        """
        state = self.state
        text = self.text if value is self.value else encode(value)
        if too_large(text):
            raise data_limit(state.name)
        details: dict[str, Any] = {"name": state.name, "output": text, "outputDetails": WHOLE}
        if assigned:
            details["assignedVariables"] = {name: encode(each) for name, each in assigned.items()}
            details["assignedVariablesDetails"] = WHOLE
            self.variables = {**self.variables, **assigned}
        records = self.trace.records
        if len(records) >= self.execution.quota:
            raise HistoryFull(self.trace)
        records.append((state.exited_event, self.execution.now, self.last, details))
        self.last = len(records)
        target = target or state.next
        if target is not None:
            return self.enter(target, value, text)
        self.value = value
        self.text = text
        return self.end()

    def end(self) -> bool:
        """The last state is done; its output is the branch's."""
        self.status = DONE
        self.frame = None
        self.owner.thread_done(self)
        return False

    def fail(self, error: StatesError) -> bool:
        """The state failed and nothing caught it; state, input and frame stay for a redrive."""
        self.status = FAILED
        self.owner.thread_failed(self, error)
        return False

    def abort(self) -> None:
        """Stop waiting; a redrive starts from here."""
        if self.status == RUNNING:
            self.status = FAILED
            if self.frame is not None:
                self.frame.abort()

    def revive(self) -> None:
        """Redrive from where the branch stands, with fresh retry counts. What is done stays done."""
        if self.status == DONE:
            return
        self.status = RUNNING
        self.retries = None
        if self.frame is None or not self.frame.revive():
            self.frame = None
            self.execution.ready.append(self)

    def advance(self) -> None:
        """Go on until nothing is left to do now; between two states others that are ready get their turn."""
        ready = self.execution.ready
        while self.state.work(self):
            if ready:
                ready.append(self)
                return

    def context(self) -> dict[str, Any]:
        """The context object for the state it stands in."""
        shown = {
            "Execution": self.trace.execution,
            "State": self.state.context(self),
            "StateMachine": self.trace.machine,
        }
        if self.item is not None:
            shown["Map"] = self.item
        return shown

    def scope(self) -> Scope:
        """What the state's expressions see, before any of its fields is applied."""
        context = self.context()
        states = {"input": self.value, "context": context}
        execution = self.execution
        return Scope(self.value, context, self.variables, states, execution.random, execution.read_clock)

    def add(self, kind: str, details: dict[str, Any] | None = None) -> None:
        """Record an event that follows the branch's last."""
        if len(self.trace.records) >= self.execution.quota:
            raise HistoryFull(self.trace)
        self.last = self.trace.add(kind, self.execution.now, self.last, details)
