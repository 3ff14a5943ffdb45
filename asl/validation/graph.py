"""Checks of the transitions: every target exists, every state is reachable, and the machine can end.

States Language, section "Transitions".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from asl.validation.diagnostics import DiagnosticsCollector

MAX_NAME = 80
TARGET = "MISSING_TRANSITION_TARGET"

Machine = dict[str, Any]


def check_graph(collector: DiagnosticsCollector, machine: Machine) -> None:
    """Check a machine with valid fields, and the machines nested in it."""
    nested = list(machines(machine, ""))
    for machine_location, inner in nested:
        _check_targets(collector, inner, machine_location)
    for machine_location, inner in nested:
        _check_reach(collector, inner, machine_location)
    _check_names(collector, nested)


def machines(machine: Machine, machine_location: str) -> Iterator[tuple[str, Machine]]:
    """The machine and every branch and item processor in it, each with its location."""
    yield machine_location, machine
    for name, state in machine["States"].items():
        state_location = f"{machine_location}/States/{name}"
        for i, branch in enumerate(state.get("Branches", ())):
            yield from machines(branch, f"{state_location}/Branches[{i}]")
        for field in ("ItemProcessor", "Iterator"):
            if field in state:
                yield from machines(state[field], f"{state_location}/{field}")


def targets(state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The targets of a state's transitions, each with the location of its field."""
    if "Next" in state:
        yield "Next", state["Next"]
    for field in ("Choices", "Catch"):
        for i, entry in enumerate(state.get(field, ())):
            yield f"{field}[{i}]/Next", entry["Next"]
    if "Default" in state:
        yield "Default", state["Default"]


def ends(state: dict[str, Any]) -> bool:
    return state["Type"] in ("Succeed", "Fail") or state.get("End") is True


def _check_targets(collector: DiagnosticsCollector, machine: Machine, machine_location: str) -> None:
    states = machine["States"]
    if machine["StartAt"] not in states:
        collector.error(f"{machine_location}/StartAt", f"Missing 'Next' target: {machine['StartAt']}", TARGET)
    for name, state in states.items():
        for field, target in targets(state):
            if target not in states:
                collector.error(f"{machine_location}/States/{name}/{field}", f"Missing 'Next' target: {target}", TARGET)


def _check_reach(collector: DiagnosticsCollector, machine: Machine, machine_location: str) -> None:
    states = machine["States"]
    if not any(map(ends, states.values())):
        collector.error(None, "Workflow has no terminal state", "MISSING_END_STATE")
        return
    reached, pending = set[str](), [machine["StartAt"]]
    while pending:
        name = pending.pop()
        if name in states and name not in reached:
            reached.add(name)
            pending += [target for _, target in targets(states[name])]
    for name in states:
        if name not in reached:
            collector.error(f"{machine_location}/States/{name}", f'State "{name}" is not reachable.', TARGET)


def _check_names(collector: DiagnosticsCollector, nested: list[tuple[str, Machine]]) -> None:
    named_states = [
        (name, f"{machine_location}/States/{name}", state)
        for machine_location, inner in nested
        for name, state in inner["States"].items()
    ]
    names = Counter(name for name, _, _ in named_states)
    labels = Counter(state["Label"] for _, _, state in named_states if "Label" in state)
    for name, state_location, state in named_states:
        if names[name] > 1:
            collector.error(state_location, f"Duplicate State name: {name}", "DUPLICATE_STATE_NAME")
        if len(name) > MAX_NAME:
            message = f"State name '{name}' exceeds the {MAX_NAME}-character limit allowed by the service"
            collector.error(state_location, message, "INVALID_STATE_NAME")
        if "Label" in state and labels[state["Label"]] > 1:
            collector.error(
                f"{state_location}/Label", f"Duplicate Label name: {state['Label']}", "DUPLICATE_LABEL_NAME"
            )
