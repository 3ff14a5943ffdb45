"""Lockstep: what happened to the recording happens to the new definition, until one goes where the other didn't."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from asl.engine.states.error_handling import Backoff
from asl.engine.states.task import Attempt
from asl.engine.states.wait import WaitTimer
from asl.replay.bindings import bound_machine
from asl.replay.calls import carried
from asl.replay.compare import Ahead, Comparison, Parted
from asl.replay.driven import Driven
from asl.replay.recording import Recording
from asl.replay.stand_in import MapRun, with_recorded_maps
from asl.replay.verdict import Difference
from asl.replay.visits import Happening, Visit

SLACK = 5.0
"""Seconds by which AWS may be late with a timer."""
REDRIVABLE = ("FAILED", "TIMED_OUT", "ABORTED")


class Lockstep:
    """One recording and the new definition, side by side.

    Attributes:
        execution: the new definition's.
        parted: the two went different ways; `differences` ends with where.
        told: the recorded attempts whose outcomes were handed over, by the event that scheduled them.
        overdue: the timer that ran out when they parted, if one did: its time and its ticket.
        later: what happened in iterations that the new definition, which runs fewer at a time, is still to begin with.
    """

    def __init__(self, recording: Recording, definition: Mapping[str, Any]) -> None:
        self.recording = recording
        machine, arn, name = bound_machine(definition, recording)
        self.execution = Driven(with_recorded_maps(machine), recording, arn, name)
        self.comparison = Comparison(recording, self.execution)
        self.parted = False
        self.told: set[int] = set()
        self.overdue: tuple[float, int] | None = None
        self.later: list[Happening] = []
        self._limit_from = recording.started_at

    @property
    def differences(self) -> list[Difference]:
        return self.comparison.differences

    def run(self) -> None:
        """Hand over all that happened, or as much as can be."""
        try:
            self.comparison.catch_up()
            for happening in self.recording.visits.happenings:
                self._check_limits(happening)
                self._hand(happening)
                self._hand_what_waited()
            self.comparison.ends()
        except Ahead:
            pass
        except Parted:
            self.parted = True
        self.comparison.follow()

    def _hand(self, happening: Happening) -> None:
        if self._must_wait(happening):
            self.later.append(happening)
        else:
            HANDING[happening.kind](self, happening)
            self.comparison.catch_up()

    def _hand_what_waited(self) -> None:
        count = -1
        while self.later and len(self.later) != count:
            waiting, self.later = self.later, []
            count = len(waiting)
            for happening in waiting:
                self._hand(happening)

    def _must_wait(self, happening: Happening) -> bool:
        """True in an iteration with which the new definition's Map hasn't begun yet, but still may."""
        line = happening.visit.line if happening.visit is not None else None
        while line is not None and line.parent is not None:
            ours = self.comparison.ours.get(line.parent.entered.id)
            may_begin = ours is not None and line.key not in ours.lines and self._is_open(ours)
            if line.parent.kind == "Map" and (may_begin or any(each.visit in line.visits for each in self.later)):
                return True
            line = line.parent.line
        return False

    def _is_open(self, ours: Visit) -> bool:
        return self.execution.running and ours.exited is None and ours.rounds not in ours.gave_up

    def _pair(self, happening: Happening) -> tuple[Visit, Visit]:
        theirs = happening.visit
        assert theirs is not None
        if theirs.entered.id not in self.comparison.ours:
            self.comparison.gap()
        return theirs, self.comparison.ours[theirs.entered.id]

    # What happened to a task, a timer, a Map.

    def _outcome(self, happening: Happening) -> None:
        theirs, ours = self._pair(happening)
        attempt, at = theirs.tries[happening.number], happening.event.at
        found = self.execution.awaiting(ours, "_outcome", Attempt)
        if found is None or len(ours.tries) != happening.number + 1:
            how = f"the recording's task {happening.word} there; {self._asks_none()}"
            self.comparison.part(theirs, how, after=attempt.scheduled.previous)
        pending_id, frame = found
        limit, passed = frame.request.timeout_seconds, at - attempt.scheduled.at
        kind, data = happening.word, happening.data
        if kind == "timed out":
            in_time = limit is not None and passed >= limit - SLACK
            timer = self.execution.awaiting(ours, "_timed_out" if in_time else "_missed", Attempt)
            if timer is None:
                how = f"the recording times out after {passed:.0f} s; it waits on"
                self.comparison.part(theirs, how, after=attempt.scheduled.id)
            pending_id, kind = timer[0], "timer"
        elif limit is not None and passed > limit + SLACK:
            timer = self.execution.awaiting(ours, "_timed_out", Attempt)
            over_at = max(self.execution.now, self.execution.began[frame.request.pending_id] + limit)
            self.overdue = (over_at, timer[0]) if timer else None
            self.told.add(attempt.scheduled.id)
            how = f"it times out after {limit:g} s, before the recorded answer came"
            self.comparison.part(theirs, how, after=attempt.scheduled.id)
        elif kind == "succeeded":
            data = carried(data, attempt, ours.tries[-1])
        if kind not in ("submitted", "started"):
            self.told.add(attempt.scheduled.id)
        self._deliver(at, pending_id, kind, data)

    def _asks_none(self) -> str:
        return "it asks none" if self.execution.running else self.comparison.doing

    def _deliver(self, at: float, pending_id: int, kind: str, data: Any = None) -> None:
        """What had to wait comes later than it did."""
        self.execution.deliver(max(at, self.execution.now), pending_id, kind, data)

    def _again(self, happening: Happening) -> None:
        theirs, ours = self._pair(happening)
        found = self.execution.awaiting(ours, "_over", Backoff)
        if found is None:
            self.comparison.part(theirs, "the recording tries again there; it doesn't")
        self._deliver(happening.event.at, found[0], "timer")

    def _waited(self, happening: Happening) -> None:
        theirs, ours = self._pair(happening)
        found = self.execution.awaiting(ours, "_over", WaitTimer)
        if found is None:
            return  # it had nothing to wait for
        late = happening.event.at - theirs.entered.at - (found[1].due - ours.entered.at)
        if abs(late) > SLACK:
            how = f"it waits {abs(late):.0f} s {'longer' if late < 0 else 'shorter'} than the recording"
            self.comparison.note(theirs, "waits", how, after=theirs.entered.id)
        self._deliver(happening.event.at, found[0], "timer")

    def _map_run(self, happening: Happening) -> None:
        theirs, ours = self._pair(happening)
        found = self.execution.awaiting(ours, "answered", MapRun)
        if found is None:
            it = self.comparison.doing if self.execution.error else "it has none"
            self.comparison.part(theirs, f"the recording's Map Run ends there; {it}", after=theirs.entered.id)
        data = theirs.output if happening.word == "succeeded" else happening.data
        self._deliver(happening.event.at, found[0], happening.word, data)

    # What happened to the execution.

    def _redriven(self, happening: Happening) -> None:
        comparison, status = self.comparison, self.execution.status
        if status not in REDRIVABLE:
            comparison.part(comparison.last, f"the recording had failed and was redriven; it is {status}", kind="ends")
        self._limit_from = happening.event.at
        comparison.look_ahead()
        self.execution.redrive(happening.event.at)

    def _aborted(self, happening: Happening) -> None:
        details = happening.event.details
        self.execution.stop(happening.event.at, details.get("error"), details.get("cause"))

    def _timed_out(self, happening: Happening) -> None:
        timer = self._machine_timer()
        if timer is None:
            self.comparison.part(self.comparison.last, "the recording times out as a whole; it doesn't", kind="ends")
        self._deliver(happening.event.at, timer, "timer")

    def _machine_timer(self) -> int | None:
        pending = self.execution.pending.items()
        return next((pending_id for pending_id, handler in pending if handler == self.execution._time_out), None)

    def _check_limits(self, happening: Happening) -> None:
        """Part where a limit of the new definition, or a wait, was over before this happened."""
        execution, at, comparison = self.execution, happening.event.at, self.comparison
        limit, timer = execution.machine.timeout_seconds, self._machine_timer()
        over = limit is not None and at - self._limit_from > limit + SLACK
        if over and execution.running and happening.kind != "timed out" and timer is not None:
            self.overdue = max(execution.now, self._limit_from + (limit or 0)), timer
            visit, how = happening.visit or comparison.last, f"it times out as a whole after {limit:g} s"
            comparison.part(visit, how, kind="ends", after=happening.event.previous)
        for pending_id, call, owner in execution.waiting():
            if call == "_timed_out" and isinstance(owner, Attempt):
                self._check_deadline(happening, pending_id, owner)
            elif call == "_over" and isinstance(owner, WaitTimer):
                self._check_wait(at, owner)

    def _check_deadline(self, happening: Happening, pending_id: int, owner: Attempt) -> None:
        theirs, limit = self.comparison.theirs[owner.thread.entered], owner.request.timeout_seconds
        began = self.execution.began[owner.request.pending_id]
        if limit is None or happening.visit is theirs or happening.event.at - began <= limit + SLACK:
            return
        self.overdue = max(self.execution.now, began + limit), pending_id
        attempts = self.execution.visits.entered_at(owner.thread.entered).tries
        attempt = theirs.tries[min(len(attempts), len(theirs.tries)) - 1]
        self.told.add(attempt.scheduled.id)
        how = f"the recording waits on for its answer; it times out after {limit:g} s"
        self.comparison.part(theirs, how, after=attempt.scheduled.id)

    def _check_wait(self, at: float, owner: WaitTimer) -> None:
        """A Wait that the recording never came out of, and the new definition would have by now."""
        theirs = self.comparison.theirs[owner.thread.entered]
        if theirs.exited is None and at > owner.due + SLACK:
            waited = owner.due - theirs.entered.at
            how = f"the recording still waits after {at - theirs.entered.at:.0f} s; it goes on after {waited:.0f} s"
            self.comparison.part(theirs, how, after=theirs.entered.id)


HANDING: Mapping[str, Callable[[Lockstep, Happening], None]] = {
    "outcome": Lockstep._outcome,
    "again": Lockstep._again,
    "waited": Lockstep._waited,
    "map run": Lockstep._map_run,
    "redriven": Lockstep._redriven,
    "aborted": Lockstep._aborted,
    "timed out": Lockstep._timed_out,
}
