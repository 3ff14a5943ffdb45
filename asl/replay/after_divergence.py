"""After the parting: the new definition goes on by itself, and the recording lends it its answers.

Nobody knows what would be answered; what the recording's own tasks answered is the likeliest. So the new definition is
given those, by task and payload, and each task that the recording has done already is noted.
"""

from __future__ import annotations

from asl.engine.states.error_handling import Backoff
from asl.engine.states.task import Attempt
from asl.engine.states.wait import WaitTimer
from asl.replay.calls import carried
from asl.replay.driven import Owner
from asl.replay.driver import Lockstep
from asl.replay.repeats import Repeats, dropped
from asl.replay.stand_in import MapRun
from asl.replay.verdict import Verdict
from asl.replay.visits import Try

MOST = 500
"""Steps after which a way is taken for endless."""


class Beyond:
    """One parted replay, going on."""

    def __init__(self, lockstep: Lockstep, verdict: Verdict) -> None:
        self.lockstep = lockstep
        self.verdict = verdict
        self.execution = lockstep.execution
        self.repeats = Repeats(lockstep)

    def go_on(self) -> None:
        """Let it go on, and write into the verdict what it does."""
        if self.lockstep.overdue is not None:
            self.execution.deliver(*self.lockstep.overdue, "timer")
            self.lockstep.comparison.follow()
        for _ in range(MOST):
            if not self.execution.running or not self._step():
                break
            self.lockstep.comparison.follow()
        theirs = self.lockstep.comparison.theirs
        self.verdict.way = [visit.name for visit in self.execution.visits.all if visit.entered.id not in theirs]
        self.verdict.then = self._end()
        self.verdict.repeats = self.repeats.judged()
        self.verdict.dropped = dropped(self.lockstep)

    def _end(self) -> str:
        execution, new = self.execution, self.verdict.new
        if execution.error == "States.Runtime" and new:
            return f"can't be followed further: nobody knows what {new[-1]} answers"
        if not execution.running:
            return f"is {execution.status}" + (f" with {execution.error}" if execution.error else "")
        return f"waits in {', '.join(thread.state.name for thread in execution.standing())}"

    def _step(self) -> bool:
        """Answer a task, or let a timer run out; False if there is nothing to say to anybody."""
        waiting = self.execution.waiting()
        for pending_id, call, owner in waiting:
            if call in ("_outcome", "answered") and self._answer(pending_id, owner):
                return True
        for pending_id, call, owner in waiting:
            if call == "_over" and isinstance(owner, Backoff | WaitTimer):
                return self.execution.deliver(self.execution.now, pending_id, "timer")
        return False

    def _answer(self, pending_id: int, owner: Owner) -> bool:
        """Give a task what the recording's answered; False if the recording waits for it too."""
        visit = self.execution.visits.entered_at(owner.thread.entered)
        theirs = self.lockstep.comparison.theirs.get(visit.entered.id)
        if isinstance(owner, MapRun):
            output = {} if theirs is None or theirs.exited is None else theirs.output
            return self.execution.deliver(self.execution.now, pending_id, "succeeded", output)
        if not isinstance(owner, Attempt):
            return False
        attempt, number = visit.tries[-1], len(visit.tries) - 1
        if theirs is not None and number < len(theirs.tries):
            old = theirs.tries[number]
            if old.scheduled.id < self.lockstep.comparison.horizon:
                return self._tell(pending_id, owner, old, attempt)
        found = self.repeats.like(attempt)
        if found is None:
            if attempt.task not in self.verdict.new:
                self.verdict.new.append(attempt.task)
            return self.execution.deliver(self.execution.now, pending_id, "succeeded", {})
        self.repeats.note(visit, *found)
        return self._tell(pending_id, owner, found[1], attempt)

    def _tell(self, pending_id: int, owner: Attempt, attempt: Try, ours: Try) -> bool:
        self.repeats.use(attempt)
        now = self.execution.now
        if attempt.outcome == "timed out":
            waiting = self.execution.waiting()
            timers = [each for each, call, who in waiting if who is owner and call in ("_timed_out", "_missed")]
            if timers:
                return self.execution.deliver(now, timers[0], "timer")
        if attempt.failed:
            return self.execution.deliver(now, pending_id, "failed", attempt.data)
        answer = carried(attempt.data, attempt, ours)
        return bool(attempt.outcome) and self.execution.deliver(now, pending_id, "succeeded", answer)
