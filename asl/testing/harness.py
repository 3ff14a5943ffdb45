"""A state machine under test: stubs for its tasks, time to pass, assertions that show the history when they fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from asl.engine.engine import Engine
from asl.engine.execution import Execution
from asl.engine.history_table import plain
from asl.engine.machine import Machine
from asl.engine.requests import TaskRequest
from asl.language.errors import StatesError


def fails(error: str, cause: str | None = None) -> StatesError:
    """An answer that fails the task, for `Answers`."""
    return StatesError(error, cause)


class Answers:
    """A task that gives its answers in turn; the last one again and again.

    pay = Answers(fails("Busy"), fails("Busy"), {"paid": True})

    Attributes:
        calls: the payloads that it got.
    """

    def __init__(self, *answers: Any) -> None:
        if not answers:
            raise ValueError("a stub needs at least one answer")
        self.answers = answers
        self.calls: list[Any] = []

    def __call__(self, payload: Any) -> Any:
        answer = self.answers[min(len(self.calls), len(self.answers) - 1)]
        self.calls.append(payload)
        if isinstance(answer, BaseException):
            raise answer
        return answer(payload) if callable(answer) else answer


class Trial:
    """One execution, begun and run as far as it goes without time passing.

    Attributes:
        execution: the engine's; status, output, error, cause, path, history.
        engine: drives it, on a virtual clock.
    """

    def __init__(
        self,
        machine: Machine,
        input: Any = None,
        *,
        tasks: Mapping[str, Callable[..., Any]] | None = None,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        self.engine = Engine(tasks=tasks or {}, seed=seed)
        self.execution: Execution = self.engine.start(machine, {} if input is None else input, name=name)
        self.engine.run_due()

    def advance(self, **duration: float) -> Trial:
        """Let time pass: ``advance(hours=36)``; the names are timedelta's."""
        self.engine.advance(timedelta(**duration).total_seconds())
        return self

    def finish(self) -> Trial:
        """As much time as it takes, until nothing is left to happen."""
        self.engine.run()
        return self

    @property
    def waiting(self) -> list[TaskRequest]:
        """The tasks whose tokens wait for an answer."""
        return [request for owner, request in self.engine.tokens.values() if request.pending_id in owner.pending]

    def succeed(self, output: Any = None, state: str | None = None) -> Trial:
        """Answer the token that waits, as SendTaskSuccess does; `state` says which where several wait."""
        self.engine.send_task_success(self._token(state), output)
        self.engine.run_due()
        return self

    def fail(self, error: str, cause: str | None = None, state: str | None = None) -> Trial:
        """Answer the token that waits, as SendTaskFailure does."""
        self.engine.send_task_failure(self._token(state), error, cause)
        self.engine.run_due()
        return self

    def _token(self, state: str | None) -> str:
        found = [request.token for request in self.waiting if state in (None, request.state)]
        if len(found) != 1 or found[0] is None:
            states = [request.state for request in self.waiting]
            raise AssertionError(self._with_history(f"one token should wait, but these do: {states}"))
        return found[0]

    # What should hold.

    def assert_succeeded(self, output: Any = ...) -> Trial:
        """It succeeded; with this output, where one is given."""
        self._assert(self.execution.status == "SUCCEEDED", f"it {self._stands()}, and should have succeeded")
        same = output is ... or self.execution.output == output
        self._assert(same, f"the output is {self.execution.output!r}, and should be {output!r}")
        return self

    def assert_failed(self, error: str | None = None) -> Trial:
        """It failed; with this error, where one is given."""
        self._assert(self.execution.status in ("FAILED", "TIMED_OUT"), f"it {self._stands()}, and should have failed")
        same = error is None or self.execution.error == error
        self._assert(same, f"the error is {self.execution.error}, and should be {error}")
        return self

    def assert_running(self, state: str | None = None) -> Trial:
        """It hasn't ended; the state entered last is this one, where one is given."""
        self._assert(self.execution.running, f"it {self._stands()}, and should be running")
        last = self.execution.path[-1]
        self._assert(state in (None, last), f"it stands in {last}, and should stand in {state}")
        return self

    def assert_path(self, path: Sequence[str]) -> Trial:
        """It entered exactly these states, in this order."""
        found = self.execution.path
        self._assert(found == list(path), f"it went through {found}, and should have gone through {list(path)}")
        return self

    def _stands(self) -> str:
        execution = self.execution
        reason = ": ".join(filter(None, (execution.error, execution.cause)))
        return f"is {execution.status}{f' ({reason})' if reason else ''}"

    def _assert(self, holds: bool, message: str) -> None:
        if not holds:
            raise AssertionError(self._with_history(message))

    def _with_history(self, message: str) -> str:
        return f"{message}\n\n{plain(self.execution.history)}"
