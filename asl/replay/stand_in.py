"""Distributed Maps in a replay: their children have histories of their own, so the recorded answer stands for all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asl.engine.execution_thread import ExecutionThread
from asl.engine.graph import Graph
from asl.engine.machine import Machine
from asl.engine.states.distributed_map import DistributedMap
from asl.engine.states.map import Map
from asl.engine.states.parallel import Parallel
from asl.language.errors import StatesError


class RecordedMap(DistributedMap):
    """A distributed Map that is answered from outside.

    A history holds what the state handed on, and not the answer that this was made of; so that is handed on again.
    """

    def run(self, thread: ExecutionThread) -> bool:
        scope = thread.scope()
        value = self.fields.filtered(scope)
        items = [] if self.reader else self.read_items(scope, value)
        thread.record("MapStateStarted", {"length": len(items)})
        self.open_map_run(thread, scope)
        thread.record("MapRunStarted", {})
        thread.blocker = MapRun(self, thread)
        return False


class MapRun:
    """The run that is waited for."""

    def __init__(self, state: RecordedMap, thread: ExecutionThread) -> None:
        self.state = state
        self.thread = thread
        self.pending_id = thread.execution.await_outcome(self.answered)

    def answered(self, kind: str, data: Any) -> None:
        thread = self.thread
        self.abort()
        if kind == "failed":
            thread.record("MapRunFailed", data)
            thread.fail_state(StatesError(data["error"], data["cause"]))
            return
        thread.record("MapRunSucceeded")
        thread.record("MapStateSucceeded")
        if thread.leave(data):
            thread.execution.ready.append(thread)

    def abort(self) -> None:
        self.thread.execution.pending.pop(self.pending_id, None)

    def redrive(self) -> bool:
        self.thread.record("MapRunRedriven", {})
        self.pending_id = self.thread.execution.await_outcome(self.answered)
        return True


def with_recorded_maps(machine: Machine) -> Machine:
    """The machine with a stand-in for each distributed Map, however deep it lies."""
    machine.graph = _replaced(machine.graph)
    return machine


def _replaced(graph: Graph) -> Graph:
    states = dict(graph.states)
    for name, state in states.items():
        if isinstance(state, DistributedMap):
            states[name] = RecordedMap(name, state.spec, state.jsonata, state.processor)
        elif isinstance(state, Parallel):
            state.branches = [_replaced(thread) for thread in state.branches]
        elif isinstance(state, Map):
            state.processor = _replaced(state.processor)
    for state in states.values():
        state.link(states)
    return Graph(states[graph.start.name], states)


def recorded_maps(graph: Graph) -> Iterator[RecordedMap]:
    """The stand-ins of a graph, however deep they lie."""
    for state in graph.states.values():
        if isinstance(state, RecordedMap):
            yield state
        elif isinstance(state, Parallel | Map):
            for inner in state.branches if isinstance(state, Parallel) else [state.processor]:
                yield from recorded_maps(inner)
