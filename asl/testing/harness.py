"""The test harness: runs one execution, moves its clock, answers its task tokens, checks its outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from asl.engine.engine import Engine
from asl.engine.execution import Execution
from asl.engine.history_table import plain
from asl.engine.machine import Machine
from asl.engine.requests import TaskRequest


class Harness:
    """Runs one execution on a virtual clock. It starts at once, and stops where it waits for time or a token.

    An assertion that fails shows the history.

    Attributes:
        execution: has status, output, error, cause, path and history.
        engine: runs the execution.
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

    def advance(self, **duration: float) -> Harness:
        """Advance the clock, as in ``advance(hours=36)``; the arguments are timedelta's."""
        self.engine.advance(timedelta(**duration).total_seconds())
        return self

    def finish(self) -> Harness:
        """Advance the clock until no event is left."""
        self.engine.run()
        return self

    @property
    def waiting(self) -> list[TaskRequest]:
        """The requests of the tasks that wait for their token."""
        return [request for owner, request in self.engine.tokens.values() if request.pending_id in owner.pending]

    def succeed(self, output: Any = None, state: str | None = None) -> Harness:
        """Answer the waiting token, as SendTaskSuccess does; `state` selects one of several."""
        self.engine.send_task_success(self._waiting_token(state), output)
        self.engine.run_due()
        return self

    def fail(self, error: str, cause: str | None = None, state: str | None = None) -> Harness:
        """Answer the waiting token, as SendTaskFailure does; `state` selects one of several."""
        self.engine.send_task_failure(self._waiting_token(state), error, cause)
        self.engine.run_due()
        return self

    def _waiting_token(self, state: str | None) -> str:
        tokens = [request.token for request in self.waiting if state in (None, request.state)]
        if len(tokens) != 1 or tokens[0] is None:
            states = [request.state for request in self.waiting]
            raise AssertionError(self._with_history(f"exactly one token should be waiting, not those of {states}"))
        return tokens[0]

    def assert_succeeded(self, output: Any = ...) -> Harness:
        """The execution succeeded, with this output if given."""
        self._assert(
            self.execution.status == "SUCCEEDED", f"the execution {self._describe_status()}, and should have succeeded"
        )
        matches = output is ... or self.execution.output == output
        self._assert(matches, f"the output is {self.execution.output!r}, and should be {output!r}")
        return self

    def assert_failed(self, error: str | None = None) -> Harness:
        """The execution failed, with this error if given."""
        self._assert(
            self.execution.status in ("FAILED", "TIMED_OUT"),
            f"the execution {self._describe_status()}, and should have failed",
        )
        matches = error is None or self.execution.error == error
        self._assert(matches, f"the error is {self.execution.error}, and should be {error}")
        return self

    def assert_running(self, state: str | None = None) -> Harness:
        """The execution is running, and this state was entered last if given."""
        self._assert(self.execution.running, f"the execution {self._describe_status()}, and should be running")
        last = self.execution.path[-1]
        self._assert(state in (None, last), f"the last state is {last}, and should be {state}")
        return self

    def assert_path(self, path: Sequence[str]) -> Harness:
        """The execution entered exactly these states, in this order."""
        actual, expected = self.execution.path, list(path)
        self._assert(actual == expected, f"the path is {actual}, and should be {expected}")
        return self

    def _describe_status(self) -> str:
        execution = self.execution
        reason = ": ".join(filter(None, (execution.error, execution.cause)))
        return f"is {execution.status}{f' ({reason})' if reason else ''}"

    def _assert(self, holds: bool, message: str) -> None:
        if not holds:
            raise AssertionError(self._with_history(message))

    def _with_history(self, message: str) -> str:
        return f"{message}\n\n{plain(self.execution.history)}"
