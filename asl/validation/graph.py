"""How states lead to each other: every target is there, every state is reached, and one of them ends.

States Language, section "Transitions".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from asl.validation.diagnostics import Report

MAX_NAME = 80
TARGET = "MISSING_TRANSITION_TARGET"

Machine = dict[str, Any]


def check_graph(report: Report, machine: Machine) -> None:
    """Check a machine whose fields are right, and the machines inside it."""
    nested = list(machines(machine, ""))
    for place, inner in nested:
        _check_targets(report, inner, place)
    for place, inner in nested:
        _check_reach(report, inner, place)
    _check_names(report, nested)


def machines(machine: Machine, place: str) -> Iterator[tuple[str, Machine]]:
    """A machine and every branch and item processor in it, each with its place."""
    yield place, machine
    for name, state in machine["States"].items():
        here = f"{place}/States/{name}"
        for i, branch in enumerate(state.get("Branches", ())):
            yield from machines(branch, f"{here}/Branches[{i}]")
        for field in ("ItemProcessor", "Iterator"):
            if field in state:
                yield from machines(state[field], f"{here}/{field}")


def targets(state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The states that a state can lead to, each with the place of the field that says so."""
    if "Next" in state:
        yield "Next", state["Next"]
    for field in ("Choices", "Catch"):
        for i, entry in enumerate(state.get(field, ())):
            yield f"{field}[{i}]/Next", entry["Next"]
    if "Default" in state:
        yield "Default", state["Default"]


def ends(state: dict[str, Any]) -> bool:
    return state["Type"] in ("Succeed", "Fail") or state.get("End") is True


def _check_targets(report: Report, machine: Machine, place: str) -> None:
    states = machine["States"]
    if machine["StartAt"] not in states:
        report.error(f"{place}/StartAt", f"Missing 'Next' target: {machine['StartAt']}", TARGET)
    for name, state in states.items():
        for field, target in targets(state):
            if target not in states:
                report.error(f"{place}/States/{name}/{field}", f"Missing 'Next' target: {target}", TARGET)


def _check_reach(report: Report, machine: Machine, place: str) -> None:
    states = machine["States"]
    if not any(map(ends, states.values())):
        report.error(None, "Workflow has no terminal state", "MISSING_END_STATE")
        return
    reached, waiting = set[str](), [machine["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name in states and name not in reached:
            reached.add(name)
            waiting += [target for _, target in targets(states[name])]
    for name in states:
        if name not in reached:
            report.error(f"{place}/States/{name}", f'State "{name}" is not reachable.', TARGET)


def _check_names(report: Report, nested: list[tuple[str, Machine]]) -> None:
    places = [
        (name, f"{place}/States/{name}", state) for place, inner in nested for name, state in inner["States"].items()
    ]
    names = Counter(name for name, _, _ in places)
    labels = Counter(state["Label"] for _, _, state in places if "Label" in state)
    for name, here, state in places:
        if names[name] > 1:
            report.error(here, f"Duplicate State name: {name}", "DUPLICATE_STATE_NAME")
        if len(name) > MAX_NAME:
            message = f"State name '{name}' exceeds the {MAX_NAME}-character limit allowed by the service"
            report.error(here, message, "INVALID_STATE_NAME")
        if "Label" in state and labels[state["Label"]] > 1:
            report.error(f"{here}/Label", f"Duplicate Label name: {state['Label']}", "DUPLICATE_LABEL_NAME")
