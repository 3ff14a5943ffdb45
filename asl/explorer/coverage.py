"""Coverage: the transitions of a definition, and those that an execution has taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from asl.engine.definition import StateMachine
from asl.engine.execution import Execution
from asl.engine.history import ENTERED
from asl.validation.graph import machines as nested_machines

Transition = tuple[str, str, str]
"""A machine, a state, and the next state."""


def all_transitions(machines: Iterable[StateMachine]) -> set[Transition]:
    """Each Next, Default, Choice rule and Catch, those inside Parallel and Map states too."""
    return {
        (machine.name, name, target)
        for machine in machines
        for name, state in all_states(machine)
        for target in next_states(state)
    }


def all_states(machine: StateMachine) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for _, inner in nested_machines(machine.definition, ""):
        yield from inner["States"].items()


def next_states(state: Mapping[str, Any]) -> Iterator[str]:
    yield from (state[field] for field in ("Next", "Default") if field in state)
    for rule in (*state.get("Choices", ()), *state.get("Catch", ())):
        yield rule["Next"]


def transitions_of(execution: Execution) -> Iterator[tuple[str, str]]:
    """The pairs of consecutive states, in each branch and iteration."""
    records = execution.history_builder.records
    for kind, _, previous, details in records:
        if kind in ENTERED and details and previous:
            previous_kind, _, _, previous_details = records[previous - 1]
            if previous_kind.endswith("StateExited") and previous_details:
                yield previous_details["name"], details["name"]
