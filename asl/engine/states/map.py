"""The Map state in its inline mode: one thread for each iteration.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
"""

from __future__ import annotations

from typing import Any

from asl.engine.execution_thread import ExecutionThread
from asl.engine.graph import Graph
from asl.engine.states.child_threads import ConcurrentState, ItemSelector, MapIterations
from asl.language.data_flow import compile_payload, compile_typed_field
from asl.language.documents import encode
from asl.language.errors import QueryEvaluationError, StatesError
from asl.language.jsonpath import compile_path
from asl.language.scope import Expression, Scope

INLINE_CONCURRENCY = 40


class Map(ConcurrentState):
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-map.html"""

    parameters_field = "ItemSelector"
    largest_concurrency = INLINE_CONCURRENCY

    def __init__(self, name: str, spec: dict[str, Any], jsonata: bool, processor: Graph) -> None:
        super().__init__(name, spec, jsonata)
        self.processor = processor
        self.fields.parameters = None
        selector = "ItemSelector" if "ItemSelector" in spec else "Parameters"
        self.item_selector = compile_payload(spec[selector], selector, jsonata) if selector in spec else None
        self.items = self._compile_items()
        self.concurrency = self._compile_number("MaxConcurrency")

    def _compile_items(self) -> Expression | None:
        if self.jsonata:
            return self._compile_jsonata_items() if "Items" in self.spec else None
        path = self.spec.get("ItemsPath", "$")
        return None if path in ("$", None) else compile_path(path)

    def _compile_jsonata_items(self) -> Expression:
        items = self.spec["Items"]
        return (
            compile_typed_field(items, "Items", True, "array")
            if isinstance(items, str)
            else compile_payload(items, "Items", True)
        )

    def _compile_number(self, field: str) -> Expression | None:
        """A field that is a number, an expression or, under its other name, a path."""
        if f"{field}Path" in self.spec:
            return compile_path(self.spec[f"{field}Path"])
        return compile_typed_field(self.spec[field], field, self.jsonata, "number") if field in self.spec else None

    def run(self, thread: ExecutionThread) -> bool:
        scope = thread.scope()
        value = self.fields.filtered(scope)
        limit = self.max_concurrency(scope)
        items = self.read_items(scope, value)
        thread.record("MapStateStarted", {"length": len(items)})
        item_selector = self.bind_item_selector(scope)
        iterations = thread.blocker = MapIterations(self, thread, self.processor, items, item_selector, limit)
        if not iterations.start_children():
            self.complete_children(thread, [])
        return False

    def max_concurrency(self, scope: Scope) -> int:
        """How many iterations may run at a time."""
        number = 0
        if self.concurrency is not None:
            number = int(self.check_number("MaxConcurrency", self.concurrency(scope), int))
        if number < 0:
            raise StatesError("States.Runtime", "MaxConcurrency cannot be negative.")
        return min(number or self.largest_concurrency, self.largest_concurrency)

    def check_number(self, field: str, value: Any, kind: type) -> float:
        """A field's number, if it is one of the `kind` (int or float). Raises ``States.Runtime``."""
        fits = isinstance(value, int) if kind is int else isinstance(value, int | float)
        if isinstance(value, bool) or not fits:
            text, name = value if isinstance(value, str) else encode(value), "integer" if kind is int else "float"
            cause = f'The {field}Path field refers to value "{text}" which is not a valid {name}'
            raise StatesError("States.Runtime", f"{cause}: {self.spec.get(f'{field}Path', '')}")
        return float(value)

    def read_items(self, scope: Scope, value: Any) -> list[Any]:
        """The items, which must be an array. Raises ``States.Runtime`` or ``States.QueryEvaluationError``."""
        items = value if self.items is None else self.items(scope)
        if isinstance(items, list):
            return items
        if self.jsonata:
            raise QueryEvaluationError("", f"Map state input must be an array but was: {encode(items)}")
        if self.items is None:
            raise StatesError("States.Runtime", f"Map state input must be an array but was: {encode(items)}")
        path = self.spec["ItemsPath"]
        raise StatesError("States.Runtime", f'Reference path "{path}" must point to array.')

    def bind_item_selector(self, scope: Scope) -> ItemSelector | None:
        """The ItemSelector for one run of the state; None if an iteration's input is the item itself."""
        selector, context = self.item_selector, scope.context
        if selector is None:
            return None

        def select(item: Any, map_context: dict[str, Any]) -> Any:
            scope.context = context | {"Map": map_context}
            scope.states["context"] = scope.context
            return selector(scope)

        return select
