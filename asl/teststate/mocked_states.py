"""The parts of a rehearsal: fields that tell what they do, forks whose work is mocked, states that are only named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from asl.engine.execution_thread import ExecutionThread, State
from asl.engine.graph import Graph
from asl.engine.identity import EXPRESS
from asl.engine.machine import Machine
from asl.engine.states.map import Map
from asl.engine.states.parallel import Parallel
from asl.language.data_flow import Fields
from asl.language.errors import StatesError
from asl.language.scope import Expression, Scope

if TYPE_CHECKING:
    from asl.teststate.single_state import Rehearsal

_LIMITS = {"ToleratedFailureCount": int, "ToleratedFailurePercentage": float}


class Watched(Fields):
    """A state's fields, telling what they make of the data."""

    __slots__ = ("show",)

    def __init__(self, state: State, show: Callable[[str, Any], None]) -> None:
        for name in Fields.__slots__:
            setattr(self, name, getattr(state.fields, name))
        self.plain = False
        self.show = show
        if state.kind == "Fail":
            self.show = lambda name, value: None

    def filtered(self, scope: Scope) -> Any:
        value = super().filtered(scope)
        self.show("afterInputPath", value)
        return value

    def effective(self, scope: Scope) -> Any:
        value = super().effective(scope)
        self.show("afterArguments" if self.jsonata else "afterParameters", value)
        return value

    def output(self, scope: Scope, raw: Any, result: Any) -> tuple[Any, dict[str, Any] | None]:
        self.show("result", result)
        selected = result
        if not self.jsonata:
            scope.input = result
            selected = result if self.selector is None else self.selector(scope)
            self.show("afterResultSelector", selected)
            self.show("afterResultPath", self._placed(raw, selected))
        return super().output(scope, raw, result)

    def _placed(self, raw: Any, selected: Any) -> Any:
        if self.keep_input:
            return raw
        return selected if self.result_path is None else self.result_path.put(raw, selected)


class MockedParallel(Parallel):
    """A Parallel state whose branches are mocked."""

    def __init__(self, rehearsal: Rehearsal, branches: list[Graph], jsonata: bool) -> None:
        super().__init__(rehearsal.name, rehearsal.spec, jsonata, branches)
        self.rehearsal = rehearsal

    def run(self, thread: ExecutionThread) -> bool:
        self.fields.effective(thread.scope())
        assert self.rehearsal.mock is not None
        return thread.complete(self.rehearsal.mock.outcome())


class MockedMap(Map):
    """A Map state whose iterations are mocked."""

    def __init__(self, rehearsal: Rehearsal, processor: Graph, jsonata: bool) -> None:
        super().__init__(rehearsal.name, rehearsal.spec, jsonata, processor)
        self.rehearsal = rehearsal

    def run(self, thread: ExecutionThread) -> bool:
        scope = thread.scope()
        items = self._take_items(scope)
        seen = self.rehearsal.inspected
        seen["maxConcurrency"] = self._whole("MaxConcurrency", scope) or 0
        for limit, kind in _LIMITS.items():
            value = self._whole(limit, scope)
            if value is not None:
                seen[limit[0].lower() + limit[1:]] = kind(value)
        mock = self.rehearsal.mock
        assert mock is not None
        if mock.error is not None:
            self._check_tolerance(len(items))
        return thread.complete(mock.outcome())

    def _take_items(self, scope: Scope) -> list[Any]:
        value = self.fields.filtered(scope)
        items = self.rehearsal.items if self.rehearsal.items is not None else self._read(scope, value)
        if not self.jsonata and "ItemsPath" in self.spec:
            self.rehearsal.inspected["afterItemsPath"] = items
        if not self.jsonata and "ItemSelector" in self.spec and items:
            select = self.bind_item_selector(scope)
            assert select is not None
            self.rehearsal.inspected["afterItemSelector"] = [
                select(item, {"Item": {"Index": i, "Value": item}}) for i, item in enumerate(items)
            ]
        return list(items)

    def _read(self, scope: Scope, value: Any) -> Any:
        if "ItemReader" in self.spec:
            raise StatesError("States.ItemReaderFailed", "TestState reads no items: give mapItemReaderData.")
        return self.read_items(scope, value)

    def _whole(self, name: str, scope: Scope) -> Any:
        number: Expression | None = self._compile_number(name)
        return None if number is None else number(scope)

    def _check_tolerance(self, items: int) -> None:
        """More failures than the state tolerates are an error of their own; without any tolerance it is the item's."""
        seen, failed = self.rehearsal.inspected, self.rehearsal.failed_items
        count, percentage = seen.get("toleratedFailureCount"), seen.get("toleratedFailurePercentage")
        if failed is None or (count is None and percentage is None):
            return
        share = 100 * failed / items if items else 0
        if (count is not None and failed > count) or (percentage is not None and share > percentage):
            message = "The specified tolerated failure threshold was exceeded"
            raise StatesError("States.ExceedToleratedFailureThreshold", message)


class Landing(State):
    """A state that is only named: reaching it ends the rehearsal."""

    def __init__(self, name: str) -> None:
        super().__init__(name, {"Type": "Succeed"}, False)

    def run(self, thread: ExecutionThread) -> bool:
        return thread.end()


class Anywhere(defaultdict[str, State]):
    """Every state that could be named."""

    def __missing__(self, name: str) -> State:
        self[name] = Landing(name)
        return self[name]


class OneState(Machine):
    """A machine of one state."""

    def __init__(self, state: State, role_arn: str) -> None:
        account = role_arn.split(":")[4] if role_arn.count(":") >= 5 else ""
        self.name = "TestState"
        self.type = EXPRESS
        self.region, self.account = "us-east-1", account or "123456789012"
        self.arn = f"arn:aws:states:{self.region}:{self.account}:stateMachine:{self.name}"
        self.role_arn = role_arn
        self.timeout_seconds = None
        self.graph = Graph(state, {state.name: state})
