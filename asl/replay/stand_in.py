"""Distributed Maps in a replay: their children have histories of their own, so the recorded answer stands for all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asl.branch import Branch
from asl.errors import StatesError
from asl.graph import Graph
from asl.machine import Machine
from asl.states.distributed import DistributedMap
from asl.states.fork import Map, Parallel


class RecordedMap(DistributedMap):
    """A distributed Map that is answered from outside.

    A history holds what the state handed on, and not the answer that this was made of; so that is handed on again.
    """

    def run(self, branch: Branch) -> bool:
        scope = branch.scope()
        value = self.fields.filtered(scope)
        items = [] if self.reader else self.read_items(scope, value)
        branch.add("MapStateStarted", {"length": len(items)})
        self._open(branch, scope)
        branch.add("MapRunStarted", {})
        branch.frame = MapRun(self, branch)
        return False


class MapRun:
    """The run that is waited for."""

    def __init__(self, state: RecordedMap, branch: Branch) -> None:
        self.state = state
        self.branch = branch
        self.ticket = branch.execution.ticket(self.answered)

    def answered(self, kind: str, data: Any) -> None:
        branch = self.branch
        self.abort()
        if kind == "failed":
            branch.add("MapRunFailed", data)
            self.state.broken(branch, StatesError(data["error"], data["cause"]))
            return
        branch.add("MapRunSucceeded")
        branch.add("MapStateSucceeded")
        if branch.leave(data):
            branch.execution.ready.append(branch)

    def abort(self) -> None:
        self.branch.execution.pending.pop(self.ticket, None)

    def revive(self) -> bool:
        self.branch.add("MapRunRedriven", {})
        self.ticket = self.branch.execution.ticket(self.answered)
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
            state.branches = [_replaced(branch) for branch in state.branches]
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
