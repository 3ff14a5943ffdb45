"""The child threads of a state: the branches of a Parallel, the iterations of a Map.

https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html
https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asl.engine.execution_thread import THREAD_DONE, THREAD_FAILED, THREAD_RUNNING, ExecutionThread
from asl.engine.graph import Graph
from asl.engine.states.error_handling import ErrorHandlingState
from asl.language.documents import encode
from asl.language.errors import StatesError

ItemSelector = Callable[[Any, dict[str, Any]], Any]
"""Makes an iteration's input from its item and the context object's ``Map``."""


class ConcurrentState(ErrorHandlingState):
    """What Parallel and Map share: they start child threads, and gather their outputs in order."""

    def record_failure(self, thread: ExecutionThread, error: StatesError) -> None:
        if thread.blocker is not None or error.error != "States.Runtime":
            thread.record(f"{self.kind}StateFailed")

    def complete_children(self, thread: ExecutionThread, results: Any, last: int | None = None) -> None:
        """Leave the state: all children are done. The exit follows their last event, or the event `last`."""
        thread.blocker = None
        thread.history_builder.add(f"{self.kind}StateSucceeded", thread.execution.now, thread.last)
        thread.last = last or thread.last
        thread.finish_state(results)


class ChildThreads:
    """The child threads of one state.

    Attributes:
        parent: the thread that stands in the state.
        children: the threads that were started, by index.
        results: their outputs, by index.
        running: how many of them run.
        following: the id of the event that the next child's first event follows.
        error: what the first child failed with.
    """

    __slots__ = ("children", "error", "following", "parent", "results", "running", "state")

    started_event = succeeded_event = failed_event = aborted_event = ""
    """The types of the children's own events; the branches of a Parallel have none."""

    def __init__(self, state: ConcurrentState, parent: ExecutionThread, size: int) -> None:
        self.state = state
        self.parent = parent
        self.children: list[ExecutionThread] = []
        self.results: list[Any] = [None] * size
        self.running = 0
        self.following = parent.last
        self.error: StatesError | None = None

    def start_children(self) -> bool:
        """Start the children that may run now; False if nothing is left to start or to wait for."""
        return self.running > 0

    def start_child(self, graph: Graph, value: Any, text: str, item: dict[str, Any] | None = None) -> None:
        parent, index = self.parent, len(self.children)
        child = ExecutionThread(
            parent.execution, parent.history_builder, self, self.following, parent.variables, index, parent.root, item
        )
        self.children.append(child)
        self.running += 1
        if self.started_event:
            child.record(self.started_event, {"name": self.state.name, "index": index})
        child.enter(graph.start, value, text)
        parent.execution.ready.append(child)

    def thread_done(self, child: ExecutionThread) -> None:
        self.results[child.index] = child.value
        self.running -= 1
        if self.succeeded_event:
            self.following = child.last
            child.record(self.succeeded_event, {"name": self.state.name, "index": child.index})
        self.parent.last = child.last
        if self.error is None and not self.start_children():
            self.state.complete_children(self.parent, self.results)

    def thread_failed(self, child: ExecutionThread, error: StatesError) -> None:
        self.running -= 1
        self.error = error
        running = [other for other in self.children if other.status == THREAD_RUNNING]
        self.abort()
        for other in running:
            self._record_abort(other, child.last)
        self._record(self.failed_event, child, child.last)
        self.parent.last = child.last
        self.parent.fail_state(error)

    def _record_abort(self, child: ExecutionThread, previous: int) -> None:
        """Record that a child was stopped because another failed; states that wait have an event for it."""
        self._record(self.aborted_event, child, previous)
        if child.state.kind in ("Task", "Wait", "Parallel", "Map"):
            child.history_builder.add(f"{child.state.kind}StateAborted", child.execution.now, previous)

    def _record(self, event: str, child: ExecutionThread, previous: int) -> None:
        """Record how a child ended, where there is an event for it; the child's own next event doesn't follow it."""
        if event:
            details = {"name": self.state.name, "index": child.index}
            child.history_builder.add(event, child.execution.now, previous, details)

    def abort(self) -> None:
        """Stop the children that still run."""
        ready = self.parent.execution.ready
        for child in self.children:
            if child.status == THREAD_RUNNING:
                child.abort()
                if child in ready:
                    ready.remove(child)
        self.running = 0

    def redrive(self) -> bool:
        """Redrive only the children that failed or were stopped; all of them if the results were too large."""
        if self.error is not None and self.error.error == "States.DataLimitExceeded":
            return False
        if all(child.status == THREAD_DONE for child in self.children):
            return False
        self.error = None
        for child in self.children:
            if child.status == THREAD_FAILED:
                child.last = self.parent.execution.root.last
                self.running += 1
                child.redrive()
        return True


class MapIterations(ChildThreads):
    """The iterations of one inline Map: as many at a time as may run, the next one when one ends."""

    __slots__ = ("item_selector", "items", "limit", "processor")

    started_event, succeeded_event = "MapIterationStarted", "MapIterationSucceeded"
    failed_event, aborted_event = "MapIterationFailed", "MapIterationAborted"

    def __init__(
        self,
        state: ConcurrentState,
        parent: ExecutionThread,
        processor: Graph,
        items: list[Any],
        item_selector: ItemSelector | None,
        limit: int,
    ) -> None:
        super().__init__(state, parent, len(items))
        self.processor = processor
        self.items = items
        self.item_selector = item_selector
        self.limit = limit

    def start_children(self) -> bool:
        while self.running < self.limit and len(self.children) < len(self.items) and self.error is None:
            index = len(self.children)
            value = self.items[index]
            map_context = {"Item": {"Index": index, "Value": value}}
            if self.item_selector is not None:
                try:
                    value = self.item_selector(value, map_context)
                except StatesError as error:
                    self._fail_selector(error)
                    return True
            self.start_child(self.processor, value, encode(value), map_context)
        return self.running > 0

    def _fail_selector(self, error: StatesError) -> None:
        self.error = error
        self.abort()
        self.parent.fail_state(self.parent.explain_error(error))
