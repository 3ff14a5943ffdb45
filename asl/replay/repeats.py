"""Which of the recording's tasks the new definition would do again, and in which way."""

from __future__ import annotations

import json

from asl.replay.calls import payloads
from asl.replay.differences import leaves
from asl.replay.driver import Lockstep
from asl.replay.stand_in import recorded_maps
from asl.replay.verdict import Repeat
from asl.replay.visits import Try, Visit

WHY = {
    "renamed": "the recording has done it under another name, {state} (event {event}), where it {how}",
    "asked otherwise": "the recording has done it with another payload, in {state} (event {event}), where it {how}",
    "again": "the recording has tried it already, in {state} (event {event}), where it {how}",
    "moved": "the recording has done it in another order, in {state} (event {event}), where it {how}",
    "later": "the recording has done it in the same order (event {event}), where it {how}",
}
HOW = {"succeeded": "succeeded", "": "has no answer yet"}


class Repeats:
    """The recording's attempts, and who asks for them a second time."""

    def __init__(self, lockstep: Lockstep) -> None:
        self._equal = lockstep.comparison.equal
        self._recorded = [(visit, each) for visit in lockstep.recording.visits.all for each in visit.tries]
        self._used = set(lockstep.told)
        self._found: dict[tuple[str, int], tuple[Visit, Visit, Try, str]] = {}

    def like(self, attempt: Try) -> tuple[Visit, Try] | None:
        """The recorded attempt that is most like a new one: the same task, rather with its payload, rather unused."""
        same = [(visit, each) for visit, each in self._recorded if each.task == attempt.task]
        return max(same, key=lambda found: self._likeness(found[1], attempt), default=None)

    def _likeness(self, old: Try, new: Try) -> tuple[bool, bool, bool, int]:
        unused, order = old.scheduled.id not in self._used, old.scheduled.id
        return self._same_payload(old, new), unused, bool(old.outcome), -order if unused else order

    def _same_payload(self, old: Try, new: Try) -> bool:
        return not any(leaves(*payloads(old, new), self._equal))

    def use(self, attempt: Try) -> None:
        """Its answer has been given."""
        self._used.add(attempt.scheduled.id)

    def note(self, ours: Visit, theirs: Visit, old: Try) -> None:
        """The new definition asks for what a recorded attempt has done."""
        if old.scheduled.id in self._used:
            kind = "again"
        elif ours.name != theirs.name:
            kind = "renamed"
        elif not self._same_payload(old, ours.tries[-1]):
            kind = "asked otherwise"
        else:
            kind = "later"
        self._found.setdefault((ours.name, old.scheduled.id), (ours, theirs, old, kind))

    def judged(self) -> list[Repeat]:
        """All that was noted, once it is known in which order."""
        order = [old.scheduled.id for _, _, old, kind in self._found.values() if kind != "again"]
        return [_repeat(*found, _is_moved(found[2].scheduled.id, order)) for found in self._found.values()]


def _is_moved(event: int, order: list[int]) -> bool:
    """True if something that came before it comes after it now, or the other way round."""
    if event not in order:
        return False
    at = order.index(event)
    return any(other > event for other in order[:at]) or any(other < event for other in order[at + 1 :])


def _repeat(ours: Visit, theirs: Visit, old: Try, kind: str, moved: bool) -> Repeat:
    kind = "moved" if kind == "later" and moved else kind
    how = HOW.get(old.outcome, f"{old.outcome}, maybe after its effect")
    why = WHY[kind].format(state=theirs.name, event=old.scheduled.id, how=how)
    return Repeat(old.task, ours.name, theirs.name, old.scheduled.id, old.outcome or "unknown", kind, why)


def dropped(lockstep: Lockstep) -> list[str]:
    """Tasks that succeeded in the recording and that the new definition never asked for.

    What a distributed Map's children are asked for stands in their own histories.
    """
    asked = {each.task for visit in lockstep.execution.visits.all for each in visit.tries}
    done = {each.task for visit in lockstep.recording.visits.all for each in visit.tries if each.outcome == "succeeded"}
    children = json.dumps([state.spec for state in recorded_maps(lockstep.execution.machine.graph)])
    return sorted(task for task in done - asked if json.dumps(task) not in children)
