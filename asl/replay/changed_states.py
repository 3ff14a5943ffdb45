"""The changed states ahead of a running execution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from asl.validation.graph import machines as nested_machines
from asl.validation.graph import targets

PROCESSORS = ("ItemProcessor", "Iterator")


def changed_states_ahead(old: Mapping[str, Any], new: Mapping[str, Any], current: list[str]) -> list[str]:
    """The changed states among the current ones and those that may follow.

    Inside a Parallel or Map, that is the Parallel or Map itself and what follows it, not its other branches.
    """
    old_states, new_states = states_of(old), states_of(new)
    parents = {name: parent for parent, state in old_states.items() for name in _inner_states(state)}
    ahead, entered = list[str](), {parent for name in current for parent in _ancestors(name, parents)}
    queue = list(current)
    while queue:
        name = queue.pop(0)
        if name in ahead or name not in old_states:
            continue
        ahead.append(name)
        queue += [target for _, target in targets(old_states[name])]
        queue += [parents[name]] if name in parents else []
        queue += [] if name in entered else [inner["StartAt"] for inner in _inner_machines(old_states[name])]
    changed = [name for name in ahead if _relevant_fields(old_states[name]) != _relevant_fields(new_states.get(name))]
    return (["TimeoutSeconds"] if old.get("TimeoutSeconds") != new.get("TimeoutSeconds") else []) + changed


def states_of(definition: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    machines = nested_machines(dict(definition), "")
    return {name: state for _, inner in machines for name, state in inner["States"].items()}


def _inner_machines(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [*state.get("Branches", ()), *(state[field] for field in PROCESSORS if field in state)]


def _inner_states(state: Mapping[str, Any]) -> list[str]:
    return [name for inner in _inner_machines(state) for name in inner["States"]]


def _ancestors(name: str, parents: Mapping[str, str]) -> Iterator[str]:
    while name in parents:
        name = parents[name]
        yield name


def _relevant_fields(state: Mapping[str, Any] | None) -> Any:
    """A state without its comments, and without the states inside it."""
    if state is None:
        return None
    fields = {field: value for field, value in state.items() if field not in ("Comment", "Branches", *PROCESSORS)}
    for field in ("Choices", "Retry", "Catch"):
        fields[field] = [{key: each[key] for key in each if key != "Comment"} for each in state.get(field, ())]
    fields["machines"] = [
        {field: value for field, value in inner.items() if field not in ("Comment", "States")}
        for inner in _inner_machines(state)
    ]
    return fields
