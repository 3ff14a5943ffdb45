"""Which transitions a search took, of all that the definitions have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from asl.engine.definition import StateMachine
from asl.validation.graph import machines as nested

Move = tuple[str, str, str]
"""A machine, a state of it, and the state that came next."""


def every_move(machines: Iterable[StateMachine]) -> set[Move]:
    """Each Next, Default, Choice rule and Catch, those inside Parallels and Maps too."""
    return {
        (machine.name, name, target)
        for machine in machines
        for name, state in every_state(machine)
        for target in targets(state)
    }


def every_state(machine: StateMachine) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for _, inner in nested(machine.definition, ""):
        yield from inner["States"].items()


def targets(state: Mapping[str, Any]) -> Iterator[str]:
    yield from (state[field] for field in ("Next", "Default") if field in state)
    for rule in (*state.get("Choices", ()), *state.get("Catch", ())):
        yield rule["Next"]
