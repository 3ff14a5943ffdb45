"""The control flow of a definition: its states, nested ones included, and every transition between them.

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
    """A state. `parent` is the Parallel or Map that contains it."""

    name: str
    spec: Mapping[str, Any]
    jsonata: bool
    parent: Node | None

    @property
    def with_parents(self) -> Iterator[Node]:
        """The state itself, and the Parallels and Maps that contain it, innermost first."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.parent

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
    def calls_lambda_invoke(self) -> bool:
        """True for a ``lambda:invoke`` task; its command is the Payload in its parameters."""
        return self.kind == "Task" and (self.integration.service, self.integration.action) == ("lambda", "invoke")

    @property
    def function(self) -> str:
        """The name or ARN of the function that the task calls; empty for other tasks and states."""
        if self.kind != "Task":
            return ""
        if self.calls_lambda_invoke:
            name = self.parameters.get("FunctionName") if isinstance(self.parameters, dict) else None
            return name if isinstance(name, str) else ""
        return str(self.spec["Resource"]) if self.integration.kind == "lambda" else ""

    @property
    def command(self) -> Any:
        """The payload of the task's function."""
        if self.calls_lambda_invoke and isinstance(self.parameters, dict):
            return self.parameters.get("Payload")
        return self.parameters

    @property
    def retriers(self) -> list[dict[str, Any]]:
        return list(self.spec.get("Retry", ()))

    @property
    def catchers(self) -> list[dict[str, Any]]:
        return list(self.spec.get("Catch", ()))


@dataclass(frozen=True)
class Transition:
    """A transition to the target state: its field, and the errors if it belongs to a catcher."""

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
        self.transitions = {name: list(self._outgoing(node)) for name, node in self.nodes.items()}

    def _read(self, machine: Mapping[str, Any], jsonata: bool, parent: Node | None) -> None:
        for name, spec in machine["States"].items():
            node = Node(name, spec, spec.get("QueryLanguage", "JSONata" if jsonata else "") == "JSONata", parent)
            self.nodes[name] = node
            nested = [*spec.get("Branches", ()), *(spec[f] for f in ("ItemProcessor", "Iterator") if f in spec)]
            self.starts[name] = [branch["StartAt"] for branch in nested]
            for branch in nested:
                self._read(branch, jsonata, node)

    def _outgoing(self, node: Node) -> Iterator[Transition]:
        """The state's own transitions, those into its branches, and those out of the branch that contains it.

        A branch is left at its end, or by a catcher of a parent when any state in a sibling branch fails.
        """
        spec = node.spec
        yield from (Transition(spec[field], field) for field in ("Next", "Default") if field in spec)
        yield from (Transition(rule["Next"], f"Choices[{i}]") for i, rule in enumerate(spec.get("Choices", ())))
        yield from self._catch_transitions(node, "Catch")
        yield from (Transition(start, "StartAt") for start in self.starts[node.name])
        parent = node.parent
        if parent is None:
            return
        if self.ends(node) and node.kind != "Fail" and "Next" in parent.spec:
            yield Transition(parent.spec["Next"], "End")
        for ancestor in parent.with_parents:
            yield from self._catch_transitions(ancestor, f"Catch of {ancestor.name}")

    @staticmethod
    def _catch_transitions(node: Node, field: str) -> Iterator[Transition]:
        covered: set[str] = set()
        for i, catcher in enumerate(node.catchers):
            errors = frozenset(catcher["ErrorEquals"])
            if ALL not in covered and not errors <= covered:
                yield Transition(catcher["Next"], f"{field}[{i}]", errors)
            covered |= errors

    @property
    def tasks(self) -> list[Node]:
        return [node for node in self.nodes.values() if node.kind == "Task"]

    @staticmethod
    def ends(node: Node) -> bool:
        return node.kind in ("Succeed", "Fail") or node.spec.get("End") is True

    def reachable_from(
        self, starts: Iterable[str], follow: Callable[[Transition], bool] = lambda transition: True
    ) -> set[str]:
        """The states that can follow, `starts` included."""
        reached, pending = set[str](), list(starts)
        while pending:
            name = pending.pop()
            if name not in reached:
                reached.add(name)
                pending += [transition.target for transition in self.transitions[name] if follow(transition)]
        return reached

    def reachable_after(self, name: str) -> set[str]:
        """The states that can follow a state; itself only if it is in a loop."""
        return self.reachable_from(transition.target for transition in self.transitions[name])

    @cached_property
    def reachable(self) -> set[str]:
        """The states that an execution can enter."""
        return self.reachable_from([self.start])

    @cached_property
    def reachable_without_errors(self) -> set[str]:
        """The states that an execution can enter without a caught error."""
        return self.reachable_from([self.start], lambda transition: transition.errors is None)

    def shortest_path(
        self,
        starts: Iterable[str],
        is_target: Callable[[str], bool],
        is_excluded: Callable[[str], bool] = lambda name: False,
        follow: Callable[[Transition], bool] = lambda transition: True,
    ) -> list[str] | None:
        """A shortest path from one of `starts` to a target that enters no excluded state; None if there is none."""
        previous: dict[str, str] = {}
        pending = deque(dict.fromkeys(start for start in starts if not is_excluded(start)))
        visited = set(pending)
        while pending:
            name = pending.popleft()
            if is_target(name):
                path = [name]
                while path[0] in previous:
                    path.insert(0, previous[path[0]])
                return path
            for transition in self.transitions[name]:
                if follow(transition) and transition.target not in visited and not is_excluded(transition.target):
                    visited.add(transition.target)
                    previous[transition.target] = name
                    pending.append(transition.target)
        return None
