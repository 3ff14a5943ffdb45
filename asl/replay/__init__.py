"""Old executions under a new definition: the same, or different here and in this way; and what would be done twice.

asl/replay/README.md shows it at work.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asl.replay.beyond import Beyond
from asl.replay.drive import Lockstep
from asl.replay.recording import BadHistory, Recording, read_recording, read_recordings, recording
from asl.replay.verdict import Difference, Repeat, Verdict
from asl.validation.graph import machines, targets

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
        visits = [visit for visit in recording.visits.all if visit.exited is None and not visit.lines]
        verdict.waits_in = [visit.name for visit in visits]
        verdict.ahead = changed_ahead(deployed, definition, verdict.waits_in) if deployed else []
    if lockstep.parted:
        Beyond(lockstep, verdict).go_on()
    return verdict


def changed_ahead(old: Mapping[str, Any], new: Mapping[str, Any], standing: list[str]) -> list[str]:
    """The states that may still come after those, or are those, and are no longer what they were."""
    before, now = _states(old), _states(new)
    found, waiting = list[str](), list(standing)
    while waiting:
        name = waiting.pop(0)
        if name in found or name not in before:
            continue
        found.append(name)
        waiting += [target for _, target in targets(before[name])]
    if old.get("TimeoutSeconds") != new.get("TimeoutSeconds"):
        return ["TimeoutSeconds", *(name for name in found if before[name] != now.get(name))]
    return [name for name in found if before[name] != now.get(name)]


def _states(definition: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: state for _, inner in machines(dict(definition), "") for name, state in inner["States"].items()}
