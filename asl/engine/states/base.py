"""What every state does, and what the states that can fail and be caught share.

https://states-language.net/#common-fields and #errors
"""

from __future__ import annotations

from typing import Any

from asl.engine.execution_thread import ExecutionThread
from asl.engine.history import failure
from asl.language.data_flow import Fields
from asl.language.errors import QueryEvaluationError, StatesError
from asl.language.retry import Catcher, Retrier, compile_catchers, compile_retriers, error_output, matches

EVALUATED = (
    "States.Runtime",
    "States.QueryEvaluationError",
    "States.IntrinsicFailure",
    "States.ResultPathMatchFailure",
)


class State:
    """A compiled state. It holds nothing of any execution: that is the Branch's.

    Attributes:
        next: the state that follows; None where the branch ends.
    """

    parameters_field = "Parameters"
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

    def work(self, thread: ExecutionThread) -> bool:
        """Do the state's work; True if the branch left it and can go on at once."""
        try:
            return self.run(thread)
        except StatesError as error:
            return self.fault(thread, self.explained(thread, error))

    def run(self, thread: ExecutionThread) -> bool:
        raise NotImplementedError

    def complete(self, thread: ExecutionThread, result: Any) -> bool:
        """Leave the state with its result, through the output fields."""
        fields = self.fields
        if fields.plain:
            return thread.leave(result)
        output, assigned = fields.output(thread.scope(), thread.value, result)
        return thread.leave(output, assigned)

    def context(self, thread: ExecutionThread) -> dict[str, Any]:
        """The context object's ``State``."""
        return {"EnteredTime": thread.execution.entered_time(thread.entered_at), "Name": self.name}

    def explained(self, thread: ExecutionThread, error: StatesError) -> StatesError:
        """An error of evaluation says in which state it came up; a failed query has an event of its own."""
        if error.error not in EVALUATED:
            return error
        place = (
            f"An error occurred while executing the state '{self.name}' (entered at the event id #{thread.entered}). "
        )
        cause = place + (error.cause or "")
        if isinstance(error, QueryEvaluationError):
            details = failure(error.error, cause) | {"state": self.name}
            if error.location:
                details["location"] = error.location
            if thread.last == thread.entered and self.failed_query_steps_back:
                thread.last = thread.before
            thread.add("EvaluationFailed", details)
        return StatesError(error.error, cause)

    def fault(self, thread: ExecutionThread, error: StatesError) -> bool:
        """Nothing catches the error here."""
        return thread.fail(error)


class Resilient(State):
    """A state with Retry and Catch: Task, Parallel, Map."""

    def __init__(self, name: str, spec: dict[str, Any], jsonata: bool) -> None:
        super().__init__(name, spec, jsonata)
        self.retriers: tuple[Retrier, ...] = compile_retriers(spec)
        self.catchers: tuple[Catcher, ...] = compile_catchers(spec, jsonata)
        self.targets: dict[str, State] = {}

    def link(self, states: dict[str, State]) -> None:
        super().link(states)
        self.targets = {catcher.target: states[catcher.target] for catcher in self.catchers}

    def context(self, thread: ExecutionThread) -> dict[str, Any]:
        shown = super().context(thread)
        shown["RetryCount"] = attempt(thread)
        return shown

    def resume(self, thread: ExecutionThread) -> None:
        """Start the next attempt of the state."""
        if self.work(thread):
            thread.execution.ready.append(thread)

    def fault(self, thread: ExecutionThread, error: StatesError) -> bool:
        thread.execution.last_fault = error
        delay = self._retry_delay(thread, error)
        if delay is not None:
            thread.frame = Backoff(self, thread, delay)
            return False
        self.give_up(thread, error)
        for catcher in self.catchers:
            if matches(catcher.errors, error):
                return self.caught(thread, catcher, error)
        return thread.fail(error)

    def give_up(self, thread: ExecutionThread, error: StatesError) -> None:
        """Record that no attempt is left, where the state has an event for it."""

    def _retry_delay(self, thread: ExecutionThread, error: StatesError) -> float | None:
        """How long to wait before the next attempt; None if there is none. The first retrier that matches decides."""
        for i, retrier in enumerate(self.retriers):
            if matches(retrier.errors, error):
                counts = thread.retries = thread.retries or [0] * len(self.retriers)
                if counts[i] >= retrier.max_attempts:
                    return None
                counts[i] += 1
                return retrier.delay(counts[i] - 1, thread.execution.random)
        return None

    def caught(self, thread: ExecutionThread, catcher: Catcher, error: StatesError) -> bool:
        try:
            output, assigned = self._error_output(thread, catcher, error)
            return thread.leave(output, assigned, self.targets[catcher.target])
        except StatesError as fault:
            return thread.fail(self.explained(thread, fault))

    def _error_output(
        self, thread: ExecutionThread, catcher: Catcher, error: StatesError
    ) -> tuple[Any, dict[str, Any] | None]:
        shown: Any = error_output(error)
        scope = thread.scope()
        if self.jsonata:
            scope.states["errorOutput"] = shown
            output = shown if catcher.output is None else catcher.output(scope)
        else:
            scope.input = shown
            output = thread.value if catcher.result_path is None else catcher.result_path.put(thread.value, shown)
        return output, None if catcher.assign is None else catcher.assign(scope)


def attempt(thread: ExecutionThread) -> int:
    """How often the state has been retried: 0 in its first attempt."""
    return sum(thread.retries) if thread.retries else 0


class Backoff:
    """The time between a failed attempt and the next."""

    __slots__ = ("pending_id", "state", "thread")

    def __init__(self, state: Resilient, thread: ExecutionThread, delay: float) -> None:
        self.state = state
        self.thread = thread
        self.pending_id = thread.execution.timer(thread.execution.now + delay, self._over)

    def _over(self, kind: str, data: Any) -> None:
        del self.thread.execution.pending[self.pending_id]
        self.thread.frame = None
        self.state.resume(self.thread)

    def abort(self) -> None:
        self.thread.execution.pending.pop(self.pending_id, None)

    def revive(self) -> bool:
        return False
