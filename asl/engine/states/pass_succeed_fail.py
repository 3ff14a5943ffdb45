"""The Pass, Succeed and Fail states: they do nothing but shape data, and end.

https://docs.aws.amazon.com/step-functions/latest/dg/workflow-states.html
"""

from __future__ import annotations

import json
from typing import Any

from asl.engine.execution_thread import ExecutionThread, State
from asl.language.data_flow import compile_typed_field
from asl.language.errors import StatesError
from asl.language.scope import Expression
from asl.language.templates import compile_query


class Pass(State):
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-pass.html"""

    def __init__(self, name: str, spec: dict[str, Any], jsonata: bool) -> None:
        super().__init__(name, spec, jsonata)
        self.has_result = not jsonata and "Result" in spec
        self.result = spec.get("Result")

    def run(self, thread: ExecutionThread) -> bool:
        fields = self.fields
        if fields.plain:
            return thread.leave(self.result if self.has_result else thread.value)
        scope = thread.scope()
        result = thread.value if self.jsonata else fields.effective(scope)
        return thread.leave(*fields.output(scope, thread.value, self.result if self.has_result else result))


class Succeed(State):
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-succeed.html"""

    def run(self, thread: ExecutionThread) -> bool:
        return thread.pass_on_input()


class Fail(State):
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-fail.html"""

    def __init__(self, name: str, spec: dict[str, Any], jsonata: bool) -> None:
        super().__init__(name, spec, jsonata)
        self.error = self._compile_text("Error")
        self.cause = self._compile_text("Cause")

    def _compile_text(self, field: str) -> Expression:
        if f"{field}Path" in self.spec:
            return compile_query(self.spec[f"{field}Path"], f"{field}Path")
        return compile_typed_field(self.spec.get(field, ""), field, self.jsonata, "string")

    def run(self, thread: ExecutionThread) -> bool:
        scope = thread.scope()
        return thread.fail(StatesError(_text(self.error(scope)), _text(self.cause(scope)) or None))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
