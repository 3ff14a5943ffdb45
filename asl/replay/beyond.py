"""After the parting: the new definition goes on by itself, and the recording lends it its answers.

Nobody knows what would be answered; what the recording's own tasks answered is the likeliest. So the new definition is
given those, by task and payload, and each task that the recording has done already is noted.
"""

from __future__ import annotations

from collections.abc import Iterator

from asl.replay.differences import leaves
from asl.replay.drive import Lockstep
from asl.replay.driven import Owner
from asl.replay.stand_in import MapRun
from asl.replay.verdict import Repeat, Verdict
from asl.replay.visits import Try, Visit
from asl.states.base import Backoff
from asl.states.flow import Pause
from asl.states.task import Attempt

MOST = 500
"""Steps after which a way is taken for endless."""


class Beyond:
    """One parted replay, going on."""

    def __init__(self, lockstep: Lockstep, verdict: Verdict) -> None:
        self.lockstep = lockstep
        self.verdict = verdict
        self.execution = lockstep.execution
        self.recorded = [(visit, each) for visit in lockstep.recording.visits.all for each in visit.tries]
        self.used = set(lockstep.told)

    def go_on(self) -> None:
        """Let it go on, and write into the verdict what it does."""
        for _ in range(MOST):
            if not self.execution.running or not self._step():
                break
            self.lockstep.comparison.follow()
        theirs = self.lockstep.comparison.theirs
        self.verdict.way = [visit.name for visit in self.execution.visits.all if visit.entered.id not in theirs]
        self.verdict.then = self._end()
        self.verdict.dropped = sorted(set(self._dropped()))

    def _end(self) -> str:
        execution = self.execution
        if not execution.running:
            return f"is {execution.status}" + (f" with {execution.error}" if execution.error else "")
        return f"waits in {', '.join(branch.state.name for branch in execution.standing())}"

    def _step(self) -> bool:
        """Answer a task, or let a timer run out; False if there is nothing to say to anybody."""
        waiting = self.execution.waiting()
        for ticket, call, owner in waiting:
            if call in ("_outcome", "answered") and self._answer(ticket, owner):
                return True
        for ticket, call, owner in waiting:
            if call == "_over" and isinstance(owner, Backoff | Pause):
                return self.execution.deliver(self.execution.now, ticket, "timer")
        return False

    def _answer(self, ticket: int, owner: Owner) -> bool:
        """Give a task what the recording's answered; False if the recording waits for it too."""
        visit = self.execution.visits.entered_at(owner.branch.entered)
        theirs = self.lockstep.comparison.theirs.get(visit.entered.id)
        if isinstance(owner, MapRun):
            known = theirs is not None and theirs.exited is not None
            return self.execution.deliver(
                self.execution.now, ticket, "succeeded", theirs.output if known and theirs else {}
            )
        if not isinstance(owner, Attempt):
            return False
        attempt, number = visit.tries[-1], len(visit.tries) - 1
        if theirs is not None and number < len(theirs.tries):
            return self._tell(ticket, owner, theirs.tries[number])
        found = self._like(attempt)
        if found is None:
            self._note_new(attempt.task)
            return self.execution.deliver(self.execution.now, ticket, "succeeded", {})
        self._note_repeat(visit, *found)
        return self._tell(ticket, owner, found[1])

    def _tell(self, ticket: int, owner: Attempt, attempt: Try) -> bool:
        self.used.add(attempt.scheduled.id)
        now = self.execution.now
        if attempt.outcome == "timed out":
            timers = [
                t for t, call, each in self.execution.waiting() if each is owner and call in ("_timed_out", "_missed")
            ]
            if timers:
                return self.execution.deliver(now, timers[0], "timer")
        if attempt.failed:
            return self.execution.deliver(now, ticket, "failed", attempt.data)
        return bool(attempt.outcome) and self.execution.deliver(now, ticket, "succeeded", attempt.data)

    def _like(self, attempt: Try) -> tuple[Visit, Try] | None:
        """The recorded attempt that is most like a new one: the same task, rather unused, rather with its payload."""
        same = [(visit, each) for visit, each in self.recorded if each.task == attempt.task]
        return max(same, key=lambda found: self._likeness(found[1], attempt), default=None)

    def _likeness(self, old: Try, new: Try) -> tuple[bool, bool, bool, int]:
        unused = old.scheduled.id not in self.used
        return (
            self._same_payload(old, new),
            unused,
            bool(old.outcome),
            -old.scheduled.id if unused else old.scheduled.id,
        )

    def _same_payload(self, old: Try, new: Try) -> bool:
        return not any(leaves(old.payload, new.payload, self.lockstep.comparison.equal))

    def _note_new(self, task: str) -> None:
        if task not in self.verdict.new:
            self.verdict.new.append(task)

    def _note_repeat(self, ours: Visit, theirs: Visit, old: Try) -> None:
        repeat = Repeat(
            old.task, ours.name, theirs.name, old.scheduled.id, old.outcome or "unknown", self._why(ours, theirs, old)
        )
        known = [(each.task, each.state, each.event) for each in self.verdict.repeats]
        if (repeat.task, repeat.state, repeat.event) not in known:
            self.verdict.repeats.append(repeat)

    def _why(self, ours: Visit, theirs: Visit, old: Try) -> str:
        where = f"event {old.scheduled.id}"
        how = {"succeeded": "succeeded", "": "has no answer yet"}.get(
            old.outcome, f"{old.outcome}, maybe after its effect"
        )
        if not self._same_payload(old, ours.tries[-1]):
            return f"with another payload; the recording has done it in {theirs.name} ({where}), where it {how}"
        if ours.name != theirs.name:
            return f"the recording has done it already under another name, {theirs.name} ({where}), where it {how}"
        if old.scheduled.id in self.lockstep.told:
            return f"another attempt at what the recording has tried already ({where}), where it {how}"
        return f"the recording has done it already ({where}), where it {how}"

    def _dropped(self) -> Iterator[str]:
        """Tasks that succeeded in the recording and that the new definition never asked for."""
        asked = {each.task for visit in self.execution.visits.all for each in visit.tries}
        yield from (each.task for _, each in self.recorded if each.outcome == "succeeded" and each.task not in asked)
