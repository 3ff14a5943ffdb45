"""What every state does, and what the states that can fail and be caught share.

https://states-language.net/#common-fields and #errors
"""

from __future__ import annotations

from typing import Any

from asl.branch import Branch
from asl.errors import QueryEvaluationError, StatesError
from asl.fields import Fields
from asl.history import failure
from asl.retry import Catcher, Retrier, compile_catchers, compile_retriers, error_output, matches

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

    def work(self, branch: Branch) -> bool:
        """Do the state's work; True if the branch left it and can go on at once."""
        try:
            return self.run(branch)
        except StatesError as error:
            return self.fault(branch, self.explained(branch, error))

    def run(self, branch: Branch) -> bool:
        raise NotImplementedError

    def complete(self, branch: Branch, result: Any) -> bool:
        """Leave the state with its result, through the output fields."""
        fields = self.fields
        if fields.plain:
            return branch.leave(result)
        output, assigned = fields.output(branch.scope(), branch.value, result)
        return branch.leave(output, assigned)

    def context(self, branch: Branch) -> dict[str, Any]:
        """The context object's ``State``."""
        return {"EnteredTime": branch.execution.entered_time(branch.entered_at), "Name": self.name}

    def explained(self, branch: Branch, error: StatesError) -> StatesError:
        """An error of evaluation says in which state it came up; a failed query has an event of its own."""
        if error.error not in EVALUATED:
            return error
        place = (
            f"An error occurred while executing the state '{self.name}' (entered at the event id #{branch.entered}). "
        )
        cause = place + (error.cause or "")
        if isinstance(error, QueryEvaluationError):
            details = failure(error.error, cause) | {"state": self.name}
            if error.location:
                details["location"] = error.location
            if branch.last == branch.entered and self.failed_query_steps_back:
                branch.last = branch.before
            branch.add("EvaluationFailed", details)
        return StatesError(error.error, cause)

    def fault(self, branch: Branch, error: StatesError) -> bool:
        """Nothing catches the error here."""
        return branch.fail(error)


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

    def context(self, branch: Branch) -> dict[str, Any]:
        shown = super().context(branch)
        shown["RetryCount"] = attempt(branch)
        return shown

    def resume(self, branch: Branch) -> None:
        """Start the next attempt of the state."""
        if self.work(branch):
            branch.execution.ready.append(branch)

    def fault(self, branch: Branch, error: StatesError) -> bool:
        branch.execution.last_fault = error
        delay = self._retry_delay(branch, error)
        if delay is not None:
            branch.frame = Backoff(self, branch, delay)
            return False
        self.give_up(branch, error)
        for catcher in self.catchers:
            if matches(catcher.errors, error):
                return self.caught(branch, catcher, error)
        return branch.fail(error)

    def give_up(self, branch: Branch, error: StatesError) -> None:
        """Record that no attempt is left, where the state has an event for it."""

    def _retry_delay(self, branch: Branch, error: StatesError) -> float | None:
        """How long to wait before the next attempt; None if there is none. The first retrier that matches decides."""
        for i, retrier in enumerate(self.retriers):
            if matches(retrier.errors, error):
                counts = branch.retries = branch.retries or [0] * len(self.retriers)
                if counts[i] >= retrier.max_attempts:
                    return None
                counts[i] += 1
                return retrier.delay(counts[i] - 1, branch.execution.random)
        return None

    def caught(self, branch: Branch, catcher: Catcher, error: StatesError) -> bool:
        try:
            output, assigned = self._error_output(branch, catcher, error)
            return branch.leave(output, assigned, self.targets[catcher.target])
        except StatesError as fault:
            return branch.fail(self.explained(branch, fault))

    def _error_output(self, branch: Branch, catcher: Catcher, error: StatesError) -> tuple[Any, dict[str, Any] | None]:
        shown: Any = error_output(error)
        scope = branch.scope()
        if self.jsonata:
            scope.states["errorOutput"] = shown
            output = shown if catcher.output is None else catcher.output(scope)
        else:
            scope.input = shown
            output = branch.value if catcher.result_path is None else catcher.result_path.put(branch.value, shown)
        return output, None if catcher.assign is None else catcher.assign(scope)


def attempt(branch: Branch) -> int:
    """How often the state has been retried: 0 in its first attempt."""
    return sum(branch.retries) if branch.retries else 0


class Backoff:
    """The time between a failed attempt and the next."""

    __slots__ = ("branch", "state", "ticket")

    def __init__(self, state: Resilient, branch: Branch, delay: float) -> None:
        self.state = state
        self.branch = branch
        self.ticket = branch.execution.timer(branch.execution.now + delay, self._over)

    def _over(self, kind: str, data: Any) -> None:
        del self.branch.execution.pending[self.ticket]
        self.branch.frame = None
        self.state.resume(self.branch)

    def abort(self) -> None:
        self.branch.execution.pending.pop(self.ticket, None)

    def revive(self) -> bool:
        return False
