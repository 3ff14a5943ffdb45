"""What Task, Parallel and Map share: Retry and Catch.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

from typing import Any

from asl.engine.execution_thread import ExecutionThread, State
from asl.language.errors import StatesError
from asl.language.retry import Catcher, Retrier, compile_catchers, compile_retriers, error_output, matches


class ErrorHandlingState(State):
    """A state with Retry and Catch."""

    counts_retries = True

    def __init__(self, name: str, spec: dict[str, Any], jsonata: bool) -> None:
        super().__init__(name, spec, jsonata)
        self.retriers: tuple[Retrier, ...] = compile_retriers(spec)
        self.catchers: tuple[Catcher, ...] = compile_catchers(spec, jsonata)
        self.catch_targets: dict[str, State] = {}

    def link(self, states: dict[str, State]) -> None:
        super().link(states)
        self.catch_targets = {catcher.target: states[catcher.target] for catcher in self.catchers}

    def handle_error(self, thread: ExecutionThread, error: StatesError) -> bool:
        thread.execution.last_error = error
        delay = self._retry_delay(thread, error)
        if delay is not None:
            thread.blocker = Backoff(thread, delay)
            return False
        self.record_failure(thread, error)
        for catcher in self.catchers:
            if matches(catcher.errors, error):
                return self.catch_error(thread, catcher, error)
        return thread.fail(error)

    def record_failure(self, thread: ExecutionThread, error: StatesError) -> None:
        """Record that no attempt is left, where the state has an event for it."""

    def _retry_delay(self, thread: ExecutionThread, error: StatesError) -> float | None:
        """How long to wait before the next attempt; None if there is none. The first retrier that matches decides."""
        for i, retrier in enumerate(self.retriers):
            if matches(retrier.errors, error):
                counts = thread.retries = thread.retries or [0] * len(self.retriers)
                if counts[i] >= retrier.max_attempts:
                    return None
                counts[i] += 1
                thread.retry_count += 1
                return retrier.delay(counts[i] - 1, thread.execution.random)
        return None

    def catch_error(self, thread: ExecutionThread, catcher: Catcher, error: StatesError) -> bool:
        """Leave the state for the catcher's target; fail if the catcher's own expressions do."""
        try:
            output, assigned = self._catcher_output(thread, catcher, error)
            return thread.leave(output, assigned, self.catch_targets[catcher.target])
        except StatesError as catcher_error:
            return thread.fail(thread.explain_error(catcher_error))

    def _catcher_output(
        self, thread: ExecutionThread, catcher: Catcher, error: StatesError
    ) -> tuple[Any, dict[str, Any] | None]:
        output: Any = error_output(error)
        scope = thread.scope()
        if self.jsonata:
            scope.states["errorOutput"] = output
            output = output if catcher.output is None else catcher.output(scope)
        else:
            scope.input = output
            output = thread.value if catcher.result_path is None else catcher.result_path.put(thread.value, output)
        return output, None if catcher.assign is None else catcher.assign(scope)


class Backoff:
    """The delay between a failed attempt and the next."""

    __slots__ = ("pending_id", "thread")

    def __init__(self, thread: ExecutionThread, delay: float) -> None:
        self.thread = thread
        self.pending_id = thread.execution.timer(thread.execution.now + delay, self._over)

    def _over(self, kind: str, data: Any) -> None:
        del self.thread.execution.pending[self.pending_id]
        self.thread.blocker = None
        self.thread.execution.ready.append(self.thread)

    def abort(self) -> None:
        self.thread.execution.pending.pop(self.pending_id, None)

    def redrive(self) -> bool:
        return False
