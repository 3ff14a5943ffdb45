"""A definition as the rules see it: its states, those inside Parallel and Map too, and every way from one to the next.

States Language, sections "Transitions" and "Errors".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from asl.language.resources import Integration, parse_resource

ALL = "States.ALL"


@dataclass(frozen=True, eq=False)
class Node:
    """A state. `around` is the Parallel or Map that it is in."""

    name: str
    spec: Mapping[str, Any]
    jsonata: bool
    around: Node | None

    @property
    def and_around(self) -> Iterator[Node]:
        """Itself, and the Parallels and Maps that it is in."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.around

    @property
    def kind(self) -> str:
        return str(self.spec["Type"])

    @cached_property
    def integration(self) -> Integration:
        return parse_resource(self.spec["Resource"])

    @property
    def parameters(self) -> Any:
        return self.spec.get("Arguments" if self.jsonata else "Parameters")

    @property
    def invokes(self) -> bool:
        """True for a call of ``lambda:invoke``, whose command is the payload inside its parameters."""
        return self.kind == "Task" and (self.integration.service, self.integration.action) == ("lambda", "invoke")

    @property
    def function(self) -> str:
        """The function that the task calls, as the definition names it; empty for any other task."""
        if self.kind != "Task":
            return ""
        if self.invokes:
            named = self.parameters.get("FunctionName") if isinstance(self.parameters, dict) else None
            return named if isinstance(named, str) else ""
        return str(self.spec["Resource"]) if self.integration.kind == "lambda" else ""

    @property
    def command(self) -> Any:
        """What the task's function is given."""
        if self.invokes and isinstance(self.parameters, dict):
            return self.parameters.get("Payload")
        return self.parameters

    @property
    def retriers(self) -> list[dict[str, Any]]:
        return list(self.spec.get("Retry", ()))

    @property
    def catchers(self) -> list[dict[str, Any]]:
        return list(self.spec.get("Catch", ()))


@dataclass(frozen=True)
class Edge:
    """A way from a state to another: by which field, and after which errors if it is a catcher's."""

    target: str
    field: str
    errors: frozenset[str] | None = None


class Flow:
    """A definition's states by name, and the edges between them. Names are unique in a definition."""

    def __init__(self, name: str, definition: Mapping[str, Any]) -> None:
        self.name = name
        self.definition = definition
        self.start: str = definition["StartAt"]
        self.nodes: dict[str, Node] = {}
        self.starts: dict[str, list[str]] = {}
        self._read(definition, definition.get("QueryLanguage") == "JSONata", None)
        self.edges = {name: list(self._edges(node)) for name, node in self.nodes.items()}

    def _read(self, machine: Mapping[str, Any], jsonata: bool, around: Node | None) -> None:
        for name, spec in machine["States"].items():
            node = Node(name, spec, spec.get("QueryLanguage", "JSONata" if jsonata else "") == "JSONata", around)
            self.nodes[name] = node
            inner = [*spec.get("Branches", ()), *(spec[f] for f in ("ItemProcessor", "Iterator") if f in spec)]
            self.starts[name] = [each["StartAt"] for each in inner]
            for each in inner:
                self._read(each, jsonata, node)

    def _edges(self, node: Node) -> Iterator[Edge]:
        """Its own ways on; into its branches; and out of the branch it ends, or that a neighbour's failure ends."""
        spec = node.spec
        yield from (Edge(spec[field], field) for field in ("Next", "Default") if field in spec)
        yield from (Edge(rule["Next"], f"Choices[{i}]") for i, rule in enumerate(spec.get("Choices", ())))
        yield from self._caught(node, "Catch")
        yield from (Edge(start, "StartAt") for start in self.starts[node.name])
        around = node.around
        if around is None:
            return
        if self.ends(node) and node.kind != "Fail" and "Next" in around.spec:
            yield Edge(around.spec["Next"], "End")
        for each in around.and_around:
            yield from self._caught(each, f"Catch of {each.name}")

    @staticmethod
    def _caught(node: Node, field: str) -> Iterator[Edge]:
        covered: set[str] = set()
        for i, catcher in enumerate(node.catchers):
            errors = frozenset(catcher["ErrorEquals"])
            if ALL not in covered and not errors <= covered:
                yield Edge(catcher["Next"], f"{field}[{i}]", errors)
            covered |= errors

    @property
    def tasks(self) -> list[Node]:
        return [node for node in self.nodes.values() if node.kind == "Task"]

    @staticmethod
    def ends(node: Node) -> bool:
        return node.kind in ("Succeed", "Fail") or node.spec.get("End") is True

    def reached(self, starts: Iterable[str], follow: Callable[[Edge], bool] = lambda edge: True) -> set[str]:
        """The states that can come, `starts` themselves included."""
        found, waiting = set[str](), list(starts)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += [edge.target for edge in self.edges[name] if follow(edge)]
        return found

    def after(self, name: str) -> set[str]:
        """The states that can come after a state; itself only if it is in a loop."""
        return self.reached(edge.target for edge in self.edges[name])

    @cached_property
    def live(self) -> set[str]:
        """The states that an execution can come to."""
        return self.reached([self.start])

    @cached_property
    def undisturbed(self) -> set[str]:
        """The states that an execution can come to in which nothing is caught."""
        return self.reached([self.start], lambda edge: edge.errors is None)

    def way(
        self,
        starts: Iterable[str],
        to: Callable[[str], bool],
        around: Callable[[str], bool] = lambda name: False,
        follow: Callable[[Edge], bool] = lambda edge: True,
    ) -> list[str] | None:
        """A shortest way to a state that `to` is looking for, past none that it must go `around`; None if none is."""
        came_from: dict[str, str] = {}
        waiting = deque(dict.fromkeys(start for start in starts if not around(start)))
        seen = set(waiting)
        while waiting:
            name = waiting.popleft()
            if to(name):
                way = [name]
                while way[0] in came_from:
                    way.insert(0, came_from[way[0]])
                return way
            for edge in self.edges[name]:
                if follow(edge) and edge.target not in seen and not around(edge.target):
                    seen.add(edge.target)
                    came_from[edge.target] = name
                    waiting.append(edge.target)
        return None
