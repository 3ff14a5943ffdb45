"""Distributed Maps in a replay. Their children have histories of their own, so a Map takes its recorded result."""

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
    """A distributed Map that gets its result from outside.

    The history has the state's output and not the Map Run's result, so the result is that output.
    """

    def run(self, thread: ExecutionThread) -> bool:
        scope = thread.scope()
        value = self.fields.filtered(scope)
        items = [] if self.reader else self.read_items(scope, value)
        thread.record("MapStateStarted", {"length": len(items)})
        self.open_map_run(thread, scope)
        thread.record("MapRunStarted", {})
        thread.blocker = RecordedMapRun(self, thread)
        return False


class RecordedMapRun:
    """A Map Run that waits for its recorded result."""

    def __init__(self, state: RecordedMap, thread: ExecutionThread) -> None:
        self.state = state
        self.thread = thread
        self.pending_id = thread.execution.await_outcome(self.receive_result)

    def receive_result(self, kind: str, data: Any) -> None:
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
        self.pending_id = self.thread.execution.await_outcome(self.receive_result)
        return True


def use_recorded_maps(machine: Machine) -> Machine:
    """Replace each distributed Map of a machine by a RecordedMap, at any depth."""
    machine.graph = _replace_maps(machine.graph)
    return machine


def _replace_maps(graph: Graph) -> Graph:
    states = dict(graph.states)
    for name, state in states.items():
        if isinstance(state, DistributedMap):
            states[name] = RecordedMap(name, state.spec, state.jsonata, state.processor)
        elif isinstance(state, Parallel):
            state.branches = [_replace_maps(branch) for branch in state.branches]
        elif isinstance(state, Map):
            state.processor = _replace_maps(state.processor)
    for state in states.values():
        state.link(states)
    return Graph(states[graph.start.name], states)


def recorded_maps(graph: Graph) -> Iterator[RecordedMap]:
    """The RecordedMaps of a graph, at any depth."""
    for state in graph.states.values():
        if isinstance(state, RecordedMap):
            yield state
        elif isinstance(state, Parallel | Map):
            for inner in state.branches if isinstance(state, Parallel) else [state.processor]:
                yield from recorded_maps(inner)
