"""States of a single-state test: Map and Parallel with mocked work, and stubs for the next states."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from asl.engine.execution_thread import ExecutionThread, State
from asl.engine.graph import Graph
from asl.engine.states.map import Map
from asl.engine.states.parallel import Parallel
from asl.language.errors import StatesError
from asl.language.scope import Expression, Scope
from asl.teststate.single_state import SingleStateTest

_TOLERANCES = {"ToleratedFailureCount": int, "ToleratedFailurePercentage": float}


class MockedParallel(Parallel):
    """A Parallel state whose branches are mocked."""

    def __init__(self, test: SingleStateTest, branches: list[Graph], jsonata: bool) -> None:
        super().__init__(test.name, test.spec, jsonata, branches)
        self.test = test

    def run(self, thread: ExecutionThread) -> bool:
        self.fields.effective(thread.scope())
        assert self.test.mock is not None
        return thread.complete(self.test.mock.outcome())


class MockedMap(Map):
    """A Map state whose iterations are mocked."""

    def __init__(self, test: SingleStateTest, processor: Graph, jsonata: bool) -> None:
        super().__init__(test.name, test.spec, jsonata, processor)
        self.test = test

    def run(self, thread: ExecutionThread) -> bool:
        scope = thread.scope()
        items = self._read_items(scope)
        inspection = self.test.inspection
        inspection["maxConcurrency"] = self._evaluate_number("MaxConcurrency", scope) or 0
        for field, kind in _TOLERANCES.items():
            value = self._evaluate_number(field, scope)
            if value is not None:
                inspection[field[0].lower() + field[1:]] = kind(value)
        mock = self.test.mock
        assert mock is not None
        if mock.error is not None:
            self._check_tolerance(len(items))
        return thread.complete(mock.outcome())

    def _read_items(self, scope: Scope) -> list[Any]:
        value = self.fields.filtered(scope)
        items = self._items_of_input(scope, value) if self.test.items is None else self.test.items
        if not self.jsonata and "ItemsPath" in self.spec:
            self.test.inspection["afterItemsPath"] = items
        if not self.jsonata and "ItemSelector" in self.spec and items:
            select = self.bind_item_selector(scope)
            assert select is not None
            self.test.inspection["afterItemSelector"] = [
                select(item, {"Item": {"Index": i, "Value": item}}) for i, item in enumerate(items)
            ]
        return list(items)

    def _items_of_input(self, scope: Scope, value: Any) -> Any:
        if "ItemReader" in self.spec:
            raise StatesError("States.ItemReaderFailed", "TestState reads no items: give mapItemReaderData.")
        return self.read_items(scope, value)

    def _evaluate_number(self, name: str, scope: Scope) -> Any:
        number: Expression | None = self._compile_number(name)
        return None if number is None else number(scope)

    def _check_tolerance(self, items: int) -> None:
        """Raise the error of an exceeded tolerance; without a tolerance, the item's own error fails the state."""
        inspection, failed = self.test.inspection, self.test.failed_items
        count, percentage = inspection.get("toleratedFailureCount"), inspection.get("toleratedFailurePercentage")
        if failed is None or (count is None and percentage is None):
            return
        failed_percentage = 100 * failed / items if items else 0
        count_exceeded = count is not None and failed > count
        percentage_exceeded = percentage is not None and failed_percentage > percentage
        if count_exceeded or percentage_exceeded:
            message = "The specified tolerated failure threshold was exceeded"
            raise StatesError("States.ExceedToleratedFailureThreshold", message)


class NextStateStub(State):
    """A stub for a next state: entering it ends the test."""

    def __init__(self, name: str) -> None:
        super().__init__(name, {"Type": "Succeed"}, False)

    def run(self, thread: ExecutionThread) -> bool:
        return thread.end()


class NextStateStubs(defaultdict[str, State]):
    """A stub for every state name, so that the state's transitions need no other states."""

    def __missing__(self, name: str) -> State:
        self[name] = NextStateStub(name)
        return self[name]
