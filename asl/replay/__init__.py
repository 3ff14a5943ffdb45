"""Old executions under a new definition: the same, or different here and in this way; and what would be done twice.

asl/replay/README.md shows it at work.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from asl.replay.after_divergence import Beyond
from asl.replay.driver import Lockstep
from asl.replay.recording import BadHistory, Recording, read_recording, read_recordings, recording
from asl.replay.verdict import Difference, Repeat, Verdict
from asl.validation.graph import machines, targets

PROCESSORS = ("ItemProcessor", "Iterator")

__all__ = [
    "BadHistory",
    "Difference",
    "Recording",
    "Repeat",
    "Verdict",
    "read_recording",
    "read_recordings",
    "recording",
    "replay",
]


def replay(
    recording: Recording, definition: Mapping[str, Any], *, deployed: Mapping[str, Any] | None = None
) -> Verdict:
    """What a definition does with the answers that a recorded execution got.

    `deployed` is the definition that the recording ran under; with it, the changed states ahead of a running execution
    are named too. Raises InvalidDefinition, and BadHistory where the recording enters no state.
    """
    lockstep = Lockstep(recording, definition)
    lockstep.run()
    verdict = Verdict(recording.name, recording.status, lockstep.differences)
    if recording.running:
        standing = (visit for visit in recording.visits.all if visit.exited is None and not visit.lines)
        visits = [visit for visit in standing if visit.is_current]
        verdict.waits_in = [visit.name for visit in visits]
        verdict.ahead = changed_ahead(deployed, definition, verdict.waits_in) if deployed else []
    if lockstep.parted:
        Beyond(lockstep, verdict).go_on()
    return verdict


def changed_ahead(old: Mapping[str, Any], new: Mapping[str, Any], standing: list[str]) -> list[str]:
    """The states that may still come after those, or are those, and are no longer what they were.

    Of a Parallel or Map in which one stands, that is itself and what follows it; not its other branches.
    """
    before, now = _states(old), _states(new)
    around = {name: outer for outer, state in before.items() for name in _inside(state)}
    found, open_ = list[str](), {outer for name in standing for outer in _all_around(name, around)}
    waiting = list(standing)
    while waiting:
        name = waiting.pop(0)
        if name in found or name not in before:
            continue
        found.append(name)
        waiting += [target for _, target in targets(before[name])]
        waiting += [around[name]] if name in around else []
        waiting += [] if name in open_ else [inner["StartAt"] for inner in _machines_of(before[name])]
    changed = [name for name in found if _bare(before[name]) != _bare(now.get(name))]
    return (["TimeoutSeconds"] if old.get("TimeoutSeconds") != new.get("TimeoutSeconds") else []) + changed


def _states(definition: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: state for _, inner in machines(dict(definition), "") for name, state in inner["States"].items()}


def _machines_of(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [*state.get("Branches", ()), *(state[field] for field in PROCESSORS if field in state)]


def _inside(state: Mapping[str, Any]) -> list[str]:
    return [name for inner in _machines_of(state) for name in inner["States"]]


def _all_around(name: str, around: Mapping[str, str]) -> Iterator[str]:
    while name in around:
        name = around[name]
        yield name


def _bare(state: Mapping[str, Any] | None) -> Any:
    """A state as far as it matters to whoever comes to it: without comments, and without the states inside it."""
    if state is None:
        return None
    bare = {field: value for field, value in state.items() if field not in ("Comment", "Branches", *PROCESSORS)}
    for field in ("Choices", "Retry", "Catch"):
        bare[field] = [{key: each[key] for key in each if key != "Comment"} for each in state.get(field, ())]
    bare["machines"] = [
        {field: value for field, value in inner.items() if field not in ("Comment", "States")}
        for inner in _machines_of(state)
    ]
    return bare
