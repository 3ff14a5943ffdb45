"""Which transitions a search took, of all that the definitions have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from asl.machine import Machine

Move = tuple[str, str, str]
"""A machine, a state of it, and the state that came next."""


def every_move(machines: Iterable[Machine]) -> set[Move]:
    """Each Next, Default, Choice rule and Catch of the machines' outermost states."""
    return {
        (machine.name, name, target)
        for machine in machines
        for name, state in machine.definition["States"].items()
        for target in targets(state)
    }


def targets(state: Mapping[str, Any]) -> Iterator[str]:
    yield from (state[field] for field in ("Next", "Default") if field in state)
    for rule in (*state.get("Choices", ()), *state.get("Catch", ())):
        yield rule["Next"]
