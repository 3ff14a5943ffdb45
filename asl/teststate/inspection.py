"""Inspection data: what each field of a state makes of the state's data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asl.engine.execution_thread import State
from asl.language.data_flow import Fields
from asl.language.scope import Scope

Record = Callable[[str, Any], None]
"""Records a value of the inspection data under its name."""

_JSONPATH_NAMES = {
    "Task": ("afterInputPath", "afterParameters", "result", "afterResultSelector", "afterResultPath"),
    "Pass": ("afterInputPath", "afterParameters", "afterResultSelector", "afterResultPath"),
    "Parallel": ("afterInputPath", "afterParameters", "afterResultSelector", "afterResultPath"),
    "Map": ("afterInputPath", "afterItemsPath", "afterItemSelector", "afterResultSelector", "afterResultPath"),
    "Fail": (),
}
_PASS_WITH_RESULT_NAMES = ("result", "afterResultSelector", "afterResultPath")
_JSONATA_NAMES = {"Task": ("afterArguments", "result")}


def inspected_names(state: State) -> tuple[str, ...]:
    """The names in the inspection data that AWS returns for a state of this type and query language."""
    if state.jsonata:
        return _JSONATA_NAMES.get(state.kind, ())
    if state.kind == "Pass" and "Result" in state.spec:
        return _PASS_WITH_RESULT_NAMES
    return _JSONPATH_NAMES.get(state.kind, ("afterInputPath",))


class InspectedFields(Fields):
    """A state's data flow that records every intermediate value."""

    __slots__ = ("record",)

    def __init__(self, state: State, record: Record) -> None:
        for name in Fields.__slots__:
            setattr(self, name, getattr(state.fields, name))
        self.plain = False  # every field is evaluated, so that every value is recorded
        self.record = record

    def filtered(self, scope: Scope) -> Any:
        value = super().filtered(scope)
        self.record("afterInputPath", value)
        return value

    def effective(self, scope: Scope) -> Any:
        value = super().effective(scope)
        self.record("afterArguments" if self.jsonata else "afterParameters", value)
        return value

    def output(self, scope: Scope, raw: Any, result: Any) -> tuple[Any, dict[str, Any] | None]:
        self.record("result", result)
        if not self.jsonata:
            scope.input = result
            selected = result if self.selector is None else self.selector(scope)
            self.record("afterResultSelector", selected)
            self.record("afterResultPath", self._after_result_path(raw, selected))
        return super().output(scope, raw, result)

    def _after_result_path(self, raw: Any, selected: Any) -> Any:
        if self.keep_input:
            return raw
        return selected if self.result_path is None else self.result_path.put(raw, selected)


def inspect_state(state: State, inspection: dict[str, Any]) -> None:
    """Let the state record its data in the inspection."""
    names = inspected_names(state)

    def record(name: str, value: Any) -> None:
        if name in names:
            inspection[name] = value

    state.fields = InspectedFields(state, record)
