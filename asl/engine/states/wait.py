"""The Wait state: seconds or a timestamp, and the timer that waits for it.

https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html
"""

from __future__ import annotations

import json
from typing import Any

from asl.engine.execution_thread import ExecutionThread, State
from asl.language.data_flow import compile_typed_field
from asl.language.errors import PathNotFound, QueryEvaluationError, StatesError
from asl.language.jsonpath import compile_path
from asl.language.scope import Expression, Scope
from asl.language.timestamps import epoch_seconds

TIMESTAMP_FORMAT = "ISO-8601 extended offset date-time format string"


class Wait(State):
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html"""

    failed_query_steps_back = False

    def __init__(self, name: str, spec: dict[str, Any], jsonata: bool) -> None:
        super().__init__(name, spec, jsonata)
        self.due_time = self._compile_due_time()

    def _compile_due_time(self) -> Expression:
        for field, compile_field in (("Seconds", self._compile_seconds), ("Timestamp", self._compile_timestamp)):
            if f"{field}Path" in self.spec:
                return self._compile_field_path(f"{field}Path", field == "Seconds")
            if field in self.spec:
                return compile_field(self.spec[field])
        raise KeyError("Seconds")

    def _compile_seconds(self, value: Any) -> Expression:
        """Seconds from now; a whole number from 0 to 99,999,999."""
        if not self.jsonata:
            return lambda scope: scope.now() + value
        compiled = compile_typed_field(value, "Seconds", True, "number")

        def due(scope: Scope) -> float:
            seconds = compiled(scope)
            if not _is_seconds(seconds):
                cause = f"The Seconds field must be a non-negative integer but was: {json.dumps(seconds)}"
                raise QueryEvaluationError("Seconds", cause)
            return scope.now() + float(seconds)

        return due

    def _compile_timestamp(self, value: Any) -> Expression:
        if not self.jsonata:
            fixed = epoch_seconds(value)
            return lambda scope: fixed
        compiled = compile_typed_field(value, "Timestamp", True, "string")

        def due(scope: Scope) -> float:
            text = compiled(scope)
            moment = epoch_seconds(text)
            if moment is None:
                cause = f"The Timestamp field cannot be parsed as an {TIMESTAMP_FORMAT}: {text}"
                raise QueryEvaluationError("Timestamp", cause)
            return moment

        return due

    def _compile_field_path(self, field: str, seconds: bool) -> Expression:
        path = self.spec[field]
        read = compile_path(path)

        def due(scope: Scope) -> float:
            try:
                value = read(scope)
            except PathNotFound:
                value = None
            if value is None:
                raise StatesError("States.Runtime", f"The {field} parameter does not reference an input value: {path}")
            prefix = f"The {field} parameter does not reference a valid"
            if seconds:
                if not _is_seconds(value):
                    raise StatesError("States.Runtime", f"{prefix} non-negative integer: {path} == {value}")
                return scope.now() + float(value)
            moment = epoch_seconds(value)
            if moment is None:
                raise StatesError("States.Runtime", f"{prefix} {TIMESTAMP_FORMAT}: {path} == {value}")
            return moment

        return due

    def run(self, thread: ExecutionThread) -> bool:
        scope = thread.scope()
        self.fields.filtered(scope)
        due = self.due_time(scope)
        if due <= thread.execution.now:
            return thread.pass_on_input()
        thread.blocker = WaitTimer(thread, due)
        return False


def _is_seconds(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 99_999_999


class WaitTimer:
    """A Wait state's timer; a redrive goes on waiting for the same moment."""

    __slots__ = ("due", "pending_id", "thread")

    def __init__(self, thread: ExecutionThread, due: float) -> None:
        self.thread = thread
        self.due = due
        self.pending_id = thread.execution.timer(due, self._over)

    def _over(self, kind: str, data: Any) -> None:
        del self.thread.execution.pending[self.pending_id]
        self.thread.resume(self.thread.pass_on_input)

    def abort(self) -> None:
        self.thread.execution.pending.pop(self.pending_id, None)

    def redrive(self) -> bool:
        self.pending_id = self.thread.execution.timer(self.due, self._over)
        return True
