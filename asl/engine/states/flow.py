"""The states that route, wait and end: Pass, Choice, Wait, Succeed, Fail.

https://docs.aws.amazon.com/step-functions/latest/dg/workflow-states.html
"""

from __future__ import annotations

import json
from typing import Any

from asl.engine.execution_thread import ExecutionThread
from asl.engine.states.base import State
from asl.language.choice_rules import compile_rule
from asl.language.data_flow import Assign, compile_assign, template, typed
from asl.language.errors import PathNotFound, QueryEvaluationError, StatesError
from asl.language.jsonpath import compile_path
from asl.language.scope import Expression, Scope
from asl.language.templates import compile_query
from asl.language.timestamps import epoch_seconds

NO_CHOICE = "Failed to transition out of the state. The state does not point to a next state."
BAD_TIMESTAMP = "a valid ISO-8601 extended offset date-time format string"


class Pass(State):
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-pass.html"""

    def __init__(self, name: str, spec: dict[str, Any], jsonata: bool) -> None:
        super().__init__(name, spec, jsonata)
        self.constant = not jsonata and "Result" in spec
        self.result = spec.get("Result")

    def run(self, thread: ExecutionThread) -> bool:
        fields = self.fields
        if fields.plain:
            return thread.leave(self.result if self.constant else thread.value)
        scope = thread.scope()
        result = thread.value if self.jsonata else fields.effective(scope)
        output, assigned = fields.output(scope, thread.value, self.result if self.constant else result)
        return thread.leave(output, assigned)


class Succeed(State):
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-succeed.html"""

    def run(self, thread: ExecutionThread) -> bool:
        fields = self.fields
        if fields.plain:
            return thread.leave(thread.value)
        scope = thread.scope()
        output, assigned = fields.output(scope, thread.value, fields.filtered(scope))
        return thread.leave(output, assigned)


class Fail(State):
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-fail.html"""

    def __init__(self, name: str, spec: dict[str, Any], jsonata: bool) -> None:
        super().__init__(name, spec, jsonata)
        self.error = self._text("Error")
        self.cause = self._text("Cause")

    def _text(self, field: str) -> Expression:
        if f"{field}Path" in self.spec:
            return compile_query(self.spec[f"{field}Path"], f"{field}Path")
        return typed(self.spec.get(field, ""), field, self.jsonata, "string")

    def run(self, thread: ExecutionThread) -> bool:
        scope = thread.scope()
        return thread.fail(StatesError(_shown(self.error(scope)), _shown(self.cause(scope)) or None))


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


class Choice(State):
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html"""

    def __init__(self, name: str, spec: dict[str, Any], jsonata: bool) -> None:
        super().__init__(name, spec, jsonata)
        language = "JSONata" if jsonata else "JSONPath"
        self.rules = [
            (
                compile_rule(rule, language, f"Choices[{i}]/Condition"),
                rule["Next"],
                compile_assign(rule, jsonata, f"Choices[{i}]/Assign"),
                template(rule["Output"], f"Choices[{i}]/Output", True) if jsonata and "Output" in rule else None,
            )
            for i, rule in enumerate(spec["Choices"])
        ]
        self.targets: dict[str, State] = {}

    def link(self, states: dict[str, State]) -> None:
        self.targets = {target: states[target] for _, target, _, _ in self.rules}
        if "Default" in self.spec:
            self.next = states[self.spec["Default"]]

    def run(self, thread: ExecutionThread) -> bool:
        scope = thread.scope()
        value = self.fields.filtered(scope)
        for test, target, assign, output in self.rules:
            if test(scope):
                return self._go(thread, scope, value, self.targets[target], assign, output)
        if self.next is None:
            raise StatesError("States.Runtime", NO_CHOICE)
        return self._go(
            thread, scope, value, self.next, self.fields.assign, self.fields.output_field if self.jsonata else None
        )

    def _go(
        self,
        thread: ExecutionThread,
        scope: Scope,
        value: Any,
        target: State,
        assign: Assign | None,
        output: Expression | None,
    ) -> bool:
        assigned = None if assign is None else assign(scope)
        if output is not None:
            value = output(scope)
        elif not self.jsonata and self.fields.output_field is not None:
            value = self.fields.output_field(scope)
        return thread.leave(value, assigned, target)


class Wait(State):
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html"""

    failed_query_steps_back = False

    def __init__(self, name: str, spec: dict[str, Any], jsonata: bool) -> None:
        super().__init__(name, spec, jsonata)
        self.until = self._compile()

    def _compile(self) -> Expression:
        for field, read in (("Seconds", self._seconds), ("Timestamp", self._timestamp)):
            if f"{field}Path" in self.spec:
                return self._by_path(f"{field}Path", field == "Seconds")
            if field in self.spec:
                return read(self.spec[field])
        raise KeyError("Seconds")

    def _seconds(self, value: Any) -> Expression:
        """Seconds from now; a whole number from 0 to 99,999,999."""
        if not self.jsonata:
            return lambda scope: scope.now() + value
        compiled = typed(value, "Seconds", True, "number")

        def due(scope: Scope) -> float:
            seconds = compiled(scope)
            if not _is_seconds(seconds):
                shown = json.dumps(seconds)
                raise QueryEvaluationError(
                    "Seconds", f"The Seconds field must be a non-negative integer but was: {shown}"
                )
            return scope.now() + float(seconds)

        return due

    def _timestamp(self, value: Any) -> Expression:
        if not self.jsonata:
            fixed = epoch_seconds(value)
            return lambda scope: fixed
        compiled = typed(value, "Timestamp", True, "string")

        def due(scope: Scope) -> float:
            text = compiled(scope)
            moment = epoch_seconds(text)
            if moment is None:
                form = BAD_TIMESTAMP.removeprefix("a valid ")
                raise QueryEvaluationError("Timestamp", f"The Timestamp field cannot be parsed as an {form}: {text}")
            return moment

        return due

    def _by_path(self, field: str, seconds: bool) -> Expression:
        path = self.spec[field]
        read = compile_path(path)

        def due(scope: Scope) -> float:
            try:
                value = read(scope)
            except PathNotFound:
                value = None
            if value is None:
                raise StatesError("States.Runtime", f"The {field} parameter does not reference an input value: {path}")
            if seconds:
                if not _is_seconds(value):
                    cause = f"The {field} parameter does not reference a valid non-negative integer: {path} == {value}"
                    raise StatesError("States.Runtime", cause)
                return scope.now() + float(value)
            moment = epoch_seconds(value)
            if moment is None:
                raise StatesError(
                    "States.Runtime", f"The {field} parameter does not reference {BAD_TIMESTAMP}: {path} == {value}"
                )
            return moment

        return due

    def run(self, thread: ExecutionThread) -> bool:
        scope = thread.scope()
        self.fields.filtered(scope)
        due = self.until(scope)
        if due <= thread.execution.now:
            return self.over(thread)
        thread.frame = Pause(self, thread, due)
        return False

    def over(self, thread: ExecutionThread) -> bool:
        fields = self.fields
        scope = thread.scope()
        output, assigned = fields.output(scope, thread.value, fields.filtered(scope))
        return thread.leave(output, assigned)


def _is_seconds(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 99_999_999


class Pause:
    """A Wait state's timer; a redrive goes on waiting for the same moment."""

    __slots__ = ("due", "pending_id", "state", "thread")

    def __init__(self, state: Wait, thread: ExecutionThread, due: float) -> None:
        self.state = state
        self.thread = thread
        self.due = due
        self.pending_id = thread.execution.timer(due, self._over)

    def _over(self, kind: str, data: Any) -> None:
        execution = self.thread.execution
        del execution.pending[self.pending_id]
        try:
            if self.state.over(self.thread):
                execution.ready.append(self.thread)
        except StatesError as error:
            self.state.fault(self.thread, self.state.explained(self.thread, error))

    def abort(self) -> None:
        self.thread.execution.pending.pop(self.pending_id, None)

    def revive(self) -> bool:
        self.pending_id = self.thread.execution.timer(self.due, self._over)
        return True
