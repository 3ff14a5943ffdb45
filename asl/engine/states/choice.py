"""The Choice state: the first rule that holds decides which state comes next.

https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
"""

from __future__ import annotations

from typing import Any

from asl.engine.execution_thread import ExecutionThread, State
from asl.language.choice_rules import compile_rule
from asl.language.data_flow import Assign, compile_assign, compile_payload
from asl.language.errors import StatesError
from asl.language.scope import Expression, Scope

NO_CHOICE = "Failed to transition out of the state. The state does not point to a next state."


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
                compile_payload(rule["Output"], f"Choices[{i}]/Output", True) if jsonata and "Output" in rule else None,
            )
            for i, rule in enumerate(spec["Choices"])
        ]
        self.targets: dict[str, State] = {}

    def link(self, states: dict[str, State]) -> None:
        self.targets = {target: states[target] for _, target, _, _ in self.rules}
        if "Default" in self.spec:
            self.next = states[self.spec["Default"]]

    def run(self, thread: ExecutionThread) -> bool:
        scope, fields = thread.scope(), self.fields
        value = fields.filtered(scope)
        for test, target, assign, output in self.rules:
            if test(scope):
                return self._leave(thread, scope, value, self.targets[target], assign, output)
        if self.next is None:
            raise StatesError("States.Runtime", NO_CHOICE)
        output = fields.output_field if self.jsonata else None
        return self._leave(thread, scope, value, self.next, fields.assign, output)

    def _leave(
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
