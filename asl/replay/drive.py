"""Lockstep: what happened to the recording happens to the new definition, until one goes where the other didn't."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from asl.replay.bindings import bound_machine
from asl.replay.compare import Ahead, Comparison, Parted
from asl.replay.driven import Driven
from asl.replay.recording import Recording
from asl.replay.stand_in import MapRun, with_recorded_maps
from asl.replay.verdict import Difference
from asl.replay.visits import Happening, Visit
from asl.states.base import Backoff
from asl.states.flow import Pause
from asl.states.task import Attempt

SLACK = 5.0
"""Seconds by which AWS may be late with a timer."""
REDRIVABLE = ("FAILED", "TIMED_OUT", "ABORTED")


class Lockstep:
    """One recording and the new definition, side by side.

    Attributes:
        execution: the new definition's.
        parted: the two went different ways; `differences` ends with where.
        told: the recorded attempts whose outcomes were handed over, by the event that scheduled them.
    """

    def __init__(self, recording: Recording, definition: Mapping[str, Any]) -> None:
        self.recording = recording
        machine, arn, name = bound_machine(definition, recording)
        self.execution = Driven(with_recorded_maps(machine), recording, arn, name)
        self.comparison = Comparison(recording, self.execution)
        self.parted = False
        self.told: set[int] = set()
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
                HANDING[happening.kind](self, happening)
                self.comparison.catch_up()
            self.comparison.ends()
        except Ahead:
            pass
        except Parted:
            self.parted = True
        self.comparison.follow()

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
            self.comparison.part(theirs, f"the recording's task {happening.word} there; it waits for no task")
        ticket, frame = found
        limit, passed = frame.request.timeout_seconds, at - attempt.scheduled.at
        kind, data = happening.word, happening.data
        if kind == "timed out":
            in_time = limit is not None and passed >= limit - SLACK
            timer = self.execution.awaiting(ours, "_timed_out" if in_time else "_missed", Attempt)
            if timer is None:
                self.comparison.part(theirs, f"the recording times out after {passed:.0f} s; it waits on")
            ticket, kind = timer[0], "timer"
        elif limit is not None and passed > limit + SLACK:
            self.comparison.part(theirs, f"it times out after {limit:g} s, before the recorded answer came")
        if kind not in ("submitted", "started"):
            self.told.add(attempt.scheduled.id)
        self.execution.deliver(at, ticket, kind, data)

    def _again(self, happening: Happening) -> None:
        theirs, ours = self._pair(happening)
        found = self.execution.awaiting(ours, "_over", Backoff)
        if found is None:
            self.comparison.part(theirs, "the recording tries again there; it doesn't")
        self.execution.deliver(happening.event.at, found[0], "timer")

    def _waited(self, happening: Happening) -> None:
        theirs, ours = self._pair(happening)
        found = self.execution.awaiting(ours, "_over", Pause)
        if found is None:
            return  # it had nothing to wait for
        late = happening.event.at - found[1].due
        if abs(late) > SLACK:
            how = "longer" if late < 0 else "shorter"
            self.comparison.note(theirs, "waits", f"it waits {abs(late):.0f} s {how} than the recording")
        self.execution.deliver(happening.event.at, found[0], "timer")

    def _map_run(self, happening: Happening) -> None:
        theirs, ours = self._pair(happening)
        found = self.execution.awaiting(ours, "answered", MapRun)
        if found is None:
            self.comparison.part(theirs, "the recording's Map Run ends there; it has none")
        data = theirs.output if happening.word == "succeeded" else happening.data
        self.execution.deliver(happening.event.at, found[0], happening.word, data)

    # What happened to the execution.

    def _redriven(self, happening: Happening) -> None:
        comparison, status = self.comparison, self.execution.status
        if status not in REDRIVABLE:
            comparison.part(comparison.last, f"the recording had failed and was redriven; it is {status}", kind="ends")
        self._limit_from = happening.event.at
        self.execution.redrive(happening.event.at)

    def _aborted(self, happening: Happening) -> None:
        details = happening.event.details
        self.execution.stop(happening.event.at, details.get("error"), details.get("cause"))

    def _timed_out(self, happening: Happening) -> None:
        pending = self.execution.pending.items()
        timer = next((ticket for ticket, handler in pending if handler == self.execution._time_out), None)
        if timer is None:
            self.comparison.part(self.comparison.last, "the recording times out as a whole; it doesn't", kind="ends")
        self.execution.deliver(happening.event.at, timer, "timer")

    def _check_limits(self, happening: Happening) -> None:
        """Part where a limit of the new definition was passed before this happened."""
        execution, at, comparison = self.execution, happening.event.at, self.comparison
        limit = execution.machine.timeout_seconds
        over = limit is not None and at - self._limit_from > limit + SLACK
        if over and execution.running and happening.kind != "timed out":
            comparison.part(
                happening.visit or comparison.last, f"it times out as a whole after {limit:g} s", kind="ends"
            )
        for _, call, owner in execution.waiting():
            if call != "_timed_out" or not isinstance(owner, Attempt):
                continue
            theirs, limit = comparison.theirs[owner.branch.entered], owner.request.timeout_seconds
            passed = at - execution.began[owner.request.ticket]
            if limit is not None and passed > limit + SLACK and happening.visit is not theirs:
                comparison.part(theirs, f"the recording waits on for its answer; it times out after {limit:g} s")


HANDING: Mapping[str, Callable[[Lockstep, Happening], None]] = {
    "outcome": Lockstep._outcome,
    "again": Lockstep._again,
    "waited": Lockstep._waited,
    "map run": Lockstep._map_run,
    "redriven": Lockstep._redriven,
    "aborted": Lockstep._aborted,
    "timed out": Lockstep._timed_out,
}
