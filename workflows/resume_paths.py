"""The part of each definition that a resumed execution passes through, for the preview of a redrive.

The preview runs in a function whose code doesn't include the definitions, so that part is written into its package.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PATH = Path(__file__).parent.parent / "oms" / "application" / "recovery" / "resume_paths.json"
FIELDS = ("Type", "Parameters", "Catch", "Choices", "Default", "Next")
TECHNICAL = ("execution.$", "input.$")
"""Parameters that every task gets, and no decision depends on."""


def resume_paths(definitions: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """By machine and state, what the preview reads of each state that can follow ParkOrder."""
    return {
        machine: {name: _digest(states[name]) for name in _reachable(states, "ParkOrder")}
        for machine, definition in definitions.items()
        if "ParkOrder" in (states := definition["States"])
    }


def _reachable(states: Mapping[str, Mapping[str, Any]], start: str) -> list[str]:
    reached = [start]
    for name in reached:
        reached += [each for each in dict.fromkeys(_following(states[name])) if each not in reached]
    return reached


def _following(state: Mapping[str, Any]) -> Iterator[str]:
    for rule in (*state.get("Choices", ()), *state.get("Catch", ())):
        yield rule["Next"]
    yield from (state[field] for field in ("Default", "Next") if field in state)


def _digest(state: Mapping[str, Any]) -> dict[str, Any]:
    if state["Type"] == "Pass":
        return {"Type": "Pass"}
    digest = {field: state[field] for field in FIELDS if field in state}
    if "Parameters" in state:
        parameters = state["Parameters"].get("Payload", state["Parameters"])
        digest["Parameters"] = {name: value for name, value in parameters.items() if name not in TECHNICAL}
    if "Catch" in state:
        digest["Catch"] = [{field: rule[field] for field in ("ErrorEquals", "Next")} for rule in state["Catch"]]
    return digest
