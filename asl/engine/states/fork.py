"""The states that run branches side by side: Parallel, and Map in its inline mode.

All branches share one thread: each state is a turn, and every branch that is ready gets its turn in order.
https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html
https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asl.engine.execution_thread import DONE, FAILED, RUNNING, ExecutionThread
from asl.engine.graph import Graph
from asl.engine.states.base import Resilient
from asl.language.data_flow import template, typed
from asl.language.documents import encode
from asl.language.errors import QueryEvaluationError, StatesError
from asl.language.jsonpath import compile_path
from asl.language.scope import Expression, Scope

INLINE_CONCURRENCY = 40


class Fork(Resilient):
    """What Parallel and Map share: start branches, gather their outputs in order."""

    def give_up(self, thread: ExecutionThread, error: StatesError) -> None:
        if thread.frame is not None or error.error != "States.Runtime":
            thread.add(f"{self.kind}StateFailed")

    def joined(self, thread: ExecutionThread, results: Any, following: int | None = None) -> None:
        """All branches are done. The exit follows their last event, unless told otherwise."""
        thread.frame = None
        thread.trace.add(f"{self.kind}StateSucceeded", thread.execution.now, thread.last)
        thread.last = following or thread.last
        try:
            on = self.complete(thread, results)
        except StatesError as error:
            on = self.fault(thread, self.explained(thread, error))
        if on:
            thread.execution.ready.append(thread)

    def broken(self, thread: ExecutionThread, error: StatesError) -> None:
        """A branch failed; the frame stays until the state is tried again, for a redrive."""
        if self.fault(thread, error):
            thread.execution.ready.append(thread)


class Join:
    """The branches of one Parallel state, and who of them is done.

    Attributes:
        children: those that were started, by index.
        following: the id of the event that the next child's first event follows.
    """

    __slots__ = ("children", "error", "following", "results", "running", "state", "under")

    def __init__(self, state: Fork, under: ExecutionThread, size: int) -> None:
        self.state = state
        self.under = under
        self.children: list[ExecutionThread] = []
        self.results: list[Any] = [None] * size
        self.running = 0
        self.following = under.last
        self.error: StatesError | None = None

    def spawn(self, graph: Graph, value: Any, text: str, item: dict[str, Any] | None) -> ExecutionThread:
        under = self.under
        child = ExecutionThread(under.execution, under.trace, self, self.following, under.variables, len(self.children))
        child.item = item
        self.children.append(child)
        self.running += 1
        self.begin(child)
        if child.enter(graph.start, value, text):
            under.execution.ready.append(child)
        return child

    def begin(self, child: ExecutionThread) -> None:
        """Before a child enters its first state."""

    def thread_done(self, child: ExecutionThread) -> None:
        self.results[child.index] = child.value
        self.running -= 1
        self.under.last = child.last
        self.ended(child)
        if not self.running and self.error is None and not self.fill():
            self.state.joined(self.under, self.results)

    def ended(self, child: ExecutionThread) -> None:
        """After a child's last state."""

    def fill(self) -> bool:
        """Start what may run now; False if nothing is left to start or to wait for."""
        return self.running > 0

    def thread_failed(self, child: ExecutionThread, error: StatesError) -> None:
        self.running -= 1
        self.error = error
        stopped = [other for other in self.children if other.status == RUNNING]
        self.abort()
        for other in stopped:
            self.aborted(other, child.last)
        self.failed(child)
        self.under.last = child.last
        self.state.broken(self.under, error)

    def failed(self, child: ExecutionThread) -> None:
        """After a child failed."""

    def abort(self) -> None:
        """Stop the children that still run."""
        ready = self.under.execution.ready
        for child in self.children:
            if child.status == RUNNING:
                child.abort()
                if child in ready:
                    ready.remove(child)
        self.running = 0

    def aborted(self, child: ExecutionThread, previous: int) -> None:
        """After a child was stopped because another failed; states that wait have an event for it."""
        if child.state.kind in ("Task", "Wait", "Parallel", "Map"):
            child.trace.add(f"{child.state.kind}StateAborted", child.execution.now, previous)

    def revive(self) -> bool:
        """Redrive only the children that failed or were stopped; all of them if the results were too large."""
        if self.error is not None and self.error.error == "States.DataLimitExceeded":
            return False
        if all(child.status == DONE for child in self.children):
            return False
        self.error = None
        for child in self.children:
            if child.status == FAILED:
                child.last = self.under.execution.root.last
                self.running += 1
                child.revive()
        return True


class Parallel(Fork):
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html"""

    def __init__(self, name: str, spec: dict[str, Any], jsonata: bool, branches: list[Graph]) -> None:
        super().__init__(name, spec, jsonata)
        self.branches = branches

    def run(self, thread: ExecutionThread) -> bool:
        fields = self.fields
        value = thread.value if fields.plain else fields.effective(thread.scope())
        text = thread.text if value is thread.value else encode(value)
        thread.add("ParallelStateStarted")
        join = thread.frame = Join(self, thread, len(self.branches))
        for graph in self.branches:
            join.spawn(graph, value, text, None)
        return False


class Map(Fork):
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-map.html"""

    parameters_field = "ItemSelector"

    def __init__(self, name: str, spec: dict[str, Any], jsonata: bool, processor: Graph) -> None:
        super().__init__(name, spec, jsonata)
        self.processor = processor
        fields = self.fields
        fields.parameters = None
        selector = "ItemSelector" if "ItemSelector" in spec else "Parameters"
        self.selector = template(spec[selector], selector, jsonata) if selector in spec else None
        self.items = self._compile_items()
        self.concurrency = self._number("MaxConcurrency")

    def _compile_items(self) -> Expression | None:
        if self.jsonata:
            return self._jsonata_items() if "Items" in self.spec else None
        path = self.spec.get("ItemsPath", "$")
        return None if path in ("$", None) else compile_path(path)

    def _jsonata_items(self) -> Expression:
        items = self.spec["Items"]
        return typed(items, "Items", True, "array") if isinstance(items, str) else template(items, "Items", True)

    def _number(self, field: str) -> Expression | None:
        """A field that is a number, an expression or, under its other name, a path."""
        if f"{field}Path" in self.spec:
            return compile_path(self.spec[f"{field}Path"])
        return typed(self.spec[field], field, self.jsonata, "number") if field in self.spec else None

    def run(self, thread: ExecutionThread) -> bool:
        scope = thread.scope()
        value = self.fields.filtered(scope)
        limit = self.limit(scope)
        items = self.read_items(scope, value)
        thread.add("MapStateStarted", {"length": len(items)})
        frame = thread.frame = Iterations(self, thread, items, self._selected(scope), limit)
        if not frame.fill():
            self.joined(thread, [])
        return False

    def limit(self, scope: Scope) -> int:
        return min(self.wanted_concurrency(scope) or INLINE_CONCURRENCY, INLINE_CONCURRENCY)

    def wanted_concurrency(self, scope: Scope) -> int:
        """MaxConcurrency; 0 for as much as there may be."""
        number = int(self.whole("MaxConcurrency", 0 if self.concurrency is None else self.concurrency(scope), int))
        if number < 0:
            raise StatesError("States.Runtime", "MaxConcurrency cannot be negative.")
        return number

    def whole(self, field: str, value: Any, kind: type) -> float:
        """A number that a path led to, as `kind` says; anything else is ``States.Runtime``."""
        fits = isinstance(value, int) if kind is int else isinstance(value, int | float)
        if isinstance(value, bool) or not fits:
            shown, name = value if isinstance(value, str) else encode(value), "integer" if kind is int else "float"
            refers = f'The {field}Path field refers to value "{shown}" which is not a valid {name}'
            raise StatesError("States.Runtime", f"{refers}: {self.spec.get(f'{field}Path', '')}")
        return float(value)

    def read_items(self, scope: Scope, value: Any) -> list[Any]:
        items = value if self.items is None else self.items(scope)
        if isinstance(items, list):
            return items
        if self.jsonata:
            raise QueryEvaluationError("", f"Map state input must be an array but was: {encode(items)}")
        if self.items is None:
            raise StatesError("States.Runtime", f"Map state input must be an array but was: {encode(items)}")
        path = self.spec["ItemsPath"]
        raise StatesError("States.Runtime", f'Reference path "{path}" must point to array.')

    def _selected(self, scope: Scope) -> Callable[[Any, dict[str, Any]], Any]:
        """What an iteration gets for its item: the item, or what ItemSelector makes of it."""
        select, context = self.selector, scope.context
        if select is None:
            return lambda item, place: item

        def selected(item: Any, place: dict[str, Any]) -> Any:
            scope.context = context | {"Map": place}
            scope.states["context"] = scope.context
            return select(scope)

        return selected


class Iterations(Join):
    """The iterations of one inline Map: as many at a time as may run, the next one where one ended."""

    __slots__ = ("items", "limit", "selected")

    state: Map

    def __init__(
        self,
        state: Map,
        under: ExecutionThread,
        items: list[Any],
        selected: Callable[[Any, dict[str, Any]], Any],
        limit: int,
    ) -> None:
        super().__init__(state, under, len(items))
        self.items = items
        self.selected = selected
        self.limit = limit

    def fill(self) -> bool:
        while self.running < self.limit and len(self.children) < len(self.items) and self.error is None:
            index = len(self.children)
            place = {"Item": {"Index": index, "Value": self.items[index]}}
            try:
                value = self.selected(self.items[index], place)
            except StatesError as error:
                self._broken_selector(error)
                return True
            self.spawn(self.state.processor, value, encode(value), place)
        return self.running > 0

    def _broken_selector(self, error: StatesError) -> None:
        self.error = error
        self.abort()
        self.state.broken(self.under, self.state.explained(self.under, error))

    def _details(self, child: ExecutionThread) -> dict[str, Any]:
        return {"name": self.state.name, "index": child.index}

    def begin(self, child: ExecutionThread) -> None:
        child.add("MapIterationStarted", self._details(child))

    def ended(self, child: ExecutionThread) -> None:
        self.following = child.last
        child.add("MapIterationSucceeded", self._details(child))
        self.under.last = child.last
        if self.running:
            self.fill()

    def failed(self, child: ExecutionThread) -> None:
        child.trace.add("MapIterationFailed", child.execution.now, child.last, self._details(child))

    def aborted(self, child: ExecutionThread, previous: int) -> None:
        child.trace.add("MapIterationAborted", child.execution.now, previous, self._details(child))
        super().aborted(child, previous)
