"""The replay driver: it delivers a recording's external events to the new definition, until the two diverge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from asl.engine.execution import REDRIVABLE_STATUSES
from asl.replay.comparison import Diverged, HistoryComparison, RecordingExhausted
from asl.replay.history.recording import Recording
from asl.replay.history.task_attempt import TaskAttempt, adapt_result
from asl.replay.history.visits import ExternalEvent, StateVisit
from asl.replay.placeholders import compile_for_recording
from asl.replay.recorded_maps import use_recorded_maps
from asl.replay.replayed_execution import Awaited, PendingInput, ReplayedExecution
from asl.replay.result import ReplayDifference

TIMER_TOLERANCE = 5.0
"""Seconds by which AWS may be late with a timer."""


class ReplayDriver:
    """Replays one recording.

    Attributes:
        execution: of the new definition.
        diverged: the two took different paths; the last difference says where.
        delivered: the recorded attempts whose outcomes were delivered, by the event that scheduled them.
        expired_timer: the timer of the new definition that caused the divergence, if one did: its time and pending id.
        postponed: events of iterations that the new definition, which runs fewer at a time, hasn't started yet.
    """

    def __init__(self, recording: Recording, definition: Mapping[str, Any]) -> None:
        self.recording = recording
        machine, arn, name = compile_for_recording(definition, recording)
        self.execution = ReplayedExecution(use_recorded_maps(machine), recording, arn, name)
        self.comparison = HistoryComparison(recording, self.execution)
        self.diverged = False
        self.delivered: set[int] = set()
        self.expired_timer: tuple[float, int] | None = None
        self.postponed: list[ExternalEvent] = []
        self._time_limit_start = recording.started_at

    @property
    def differences(self) -> list[ReplayDifference]:
        return self.comparison.differences

    def run(self) -> None:
        """Deliver the recorded events, all or as many as possible."""
        try:
            self.comparison.compare_new_events()
            for event in self.recording.tree.external_events:
                self._check_timers(event)
                self._deliver_or_postpone(event)
                self._deliver_postponed()
            self.comparison.compare_ends()
        except RecordingExhausted:
            pass
        except Diverged:
            self.diverged = True
        self.comparison.pair_new_visits()

    def _deliver_or_postpone(self, event: ExternalEvent) -> None:
        if self._must_postpone(event):
            self.postponed.append(event)
        else:
            DELIVERIES[event.kind](self, event)
            self.comparison.compare_new_events()

    def _deliver_postponed(self) -> None:
        count = -1
        while self.postponed and len(self.postponed) != count:
            events, self.postponed = self.postponed, []
            count = len(events)
            for event in events:
                self._deliver_or_postpone(event)

    def _must_postpone(self, event: ExternalEvent) -> bool:
        """True in an iteration that the new definition's Map hasn't started yet, but still may."""
        thread = event.visit.thread if event.visit is not None else None
        while thread is not None and thread.parent is not None:
            replayed = self.comparison.replayed.get(thread.parent.entered.id)
            may_start = replayed is not None and thread.key not in replayed.threads and self._is_open(replayed)
            has_postponed = any(each.visit in thread.visits for each in self.postponed)
            if thread.parent.kind == "Map" and (may_start or has_postponed):
                return True
            thread = thread.parent.thread
        return False

    def _is_open(self, replayed: StateVisit) -> bool:
        return self.execution.running and replayed.exited is None and replayed.rounds not in replayed.exhausted_at

    def _visit_pair(self, event: ExternalEvent) -> tuple[StateVisit, StateVisit]:
        """The recorded visit of an event, and the replayed one."""
        recorded = event.visit
        assert recorded is not None
        if recorded.entered.id not in self.comparison.replayed:
            self.comparison.diverge_at_missing_visit()
        return recorded, self.comparison.replayed[recorded.entered.id]

    def _deliver(self, at: float, pending_id: int, kind: str, data: Any = None) -> None:
        """Deliver an input; a postponed one arrives later than recorded."""
        self.execution.deliver(max(at, self.execution.now), pending_id, kind, data)

    # Events of tasks, timers and Maps.

    def _deliver_outcome(self, event: ExternalEvent) -> None:
        recorded, replayed = self._visit_pair(event)
        attempt = recorded.attempts[event.number]
        pending = self.execution.pending_input(replayed, Awaited.TASK_RESULT)
        if pending is None or pending.request is None or len(replayed.attempts) != event.number + 1:
            status = "it calls no task" if self.execution.running else self.comparison.replay_status
            text = f"the recording's task {event.outcome} there; {status}"
            self.comparison.diverge(recorded, text, after=attempt.scheduled.previous)
        limit, elapsed = pending.request.timeout_seconds, event.event.at - attempt.scheduled.at
        if event.outcome == "timed out":
            self._deliver_task_timeout(event, attempt, limit, elapsed)
            return
        if limit is not None and elapsed > limit + TIMER_TOLERANCE:
            self._diverge_at_task_timeout(recorded, replayed, attempt, pending, limit)
        data = event.data
        if event.outcome == "succeeded":
            data = adapt_result(data, attempt, replayed.attempts[-1])
        if event.outcome not in ("submitted", "started"):
            self.delivered.add(attempt.scheduled.id)
        self._deliver(event.event.at, pending.id, event.outcome, data)

    def _deliver_task_timeout(
        self, event: ExternalEvent, attempt: TaskAttempt, limit: float | None, elapsed: float
    ) -> None:
        recorded, replayed = self._visit_pair(event)
        is_timeout = limit is not None and elapsed >= limit - TIMER_TOLERANCE
        awaited = Awaited.TASK_TIMEOUT if is_timeout else Awaited.HEARTBEAT_TIMEOUT
        timer = self.execution.pending_input(replayed, awaited)
        if timer is None:
            text = f"the recording times out after {elapsed:.0f} s; it waits on"
            self.comparison.diverge(recorded, text, after=attempt.scheduled.id)
        self.delivered.add(attempt.scheduled.id)
        self._deliver(event.event.at, timer.id, "timer", event.data)

    def _diverge_at_task_timeout(
        self, recorded: StateVisit, replayed: StateVisit, attempt: TaskAttempt, pending: PendingInput, limit: float
    ) -> None:
        timer = self.execution.pending_input(replayed, Awaited.TASK_TIMEOUT)
        due = max(self.execution.now, self.execution.requested_at[pending.id] + limit)
        self.expired_timer = (due, timer.id) if timer else None
        self.delivered.add(attempt.scheduled.id)
        text = f"it times out after {limit:g} s, before the recorded result"
        self.comparison.diverge(recorded, text, after=attempt.scheduled.id)

    def _deliver_retry(self, event: ExternalEvent) -> None:
        recorded, replayed = self._visit_pair(event)
        pending = self.execution.pending_input(replayed, Awaited.RETRY)
        if pending is None:
            self.comparison.diverge(recorded, "the recording tries again there; it doesn't")
        self._deliver(event.event.at, pending.id, "timer")

    def _deliver_wait_end(self, event: ExternalEvent) -> None:
        recorded, replayed = self._visit_pair(event)
        pending = self.execution.pending_input(replayed, Awaited.WAIT_END)
        if pending is None:
            return  # the replay's Wait was over at once
        excess = event.event.at - recorded.entered.at - (pending.due - replayed.entered.at)
        if abs(excess) > TIMER_TOLERANCE:
            text = f"it waits {abs(excess):.0f} s {'longer' if excess < 0 else 'shorter'} than the recording"
            self.comparison.report(recorded, "waits", text, after=recorded.entered.id)
        self._deliver(event.event.at, pending.id, "timer")

    def _deliver_map_run(self, event: ExternalEvent) -> None:
        recorded, replayed = self._visit_pair(event)
        pending = self.execution.pending_input(replayed, Awaited.MAP_RUN)
        if pending is None:
            status = self.comparison.replay_status if self.execution.error else "it has none"
            text = f"the recording's Map Run ends there; {status}"
            self.comparison.diverge(recorded, text, after=recorded.entered.id)
        data = recorded.output if event.outcome == "succeeded" else event.data
        self._deliver(event.event.at, pending.id, event.outcome, data)

    # Events of the execution.

    def _redrive(self, event: ExternalEvent) -> None:
        comparison, status = self.comparison, self.execution.status
        if status not in REDRIVABLE_STATUSES:
            text = f"the recording had failed and was redriven; it is {status}"
            comparison.diverge(comparison.last, text, kind="ends")
        self._time_limit_start = event.event.at
        comparison.advance_horizon()
        self.execution.redrive(event.event.at)

    def _abort(self, event: ExternalEvent) -> None:
        details = event.event.details
        self.execution.stop(event.event.at, details.get("error"), details.get("cause"))

    def _time_out(self, event: ExternalEvent) -> None:
        timer = self.execution.execution_timer()
        if timer is None:
            text = "the recording times out as a whole; it doesn't"
            self.comparison.diverge(self.comparison.last, text, kind="ends")
        self._deliver(event.event.at, timer, "timer")

    # Timers of the new definition.

    def _check_timers(self, event: ExternalEvent) -> None:
        """Diverge if a timer of the new definition expires before this event."""
        self._check_execution_timeout(event)
        for pending in self.execution.pending_inputs():
            if pending.awaited is Awaited.TASK_TIMEOUT:
                self._check_task_timeout(event, pending)
            elif pending.awaited is Awaited.WAIT_END:
                self._check_wait(event.event.at, pending)

    def _check_execution_timeout(self, event: ExternalEvent) -> None:
        execution, at, comparison = self.execution, event.event.at, self.comparison
        limit, timer = execution.machine.timeout_seconds, execution.execution_timer()
        if limit is None or timer is None or not execution.running or event.kind == "timed out":
            return
        if at - self._time_limit_start > limit + TIMER_TOLERANCE:
            self.expired_timer = max(execution.now, self._time_limit_start + limit), timer
            visit, text = event.visit or comparison.last, f"it times out as a whole after {limit:g} s"
            comparison.diverge(visit, text, kind="ends", after=event.event.previous)

    def _check_task_timeout(self, event: ExternalEvent, pending: PendingInput) -> None:
        assert pending.request is not None
        recorded, limit = self.comparison.recorded[pending.entered], pending.request.timeout_seconds
        requested_at = self.execution.requested_at[pending.request.pending_id]
        if limit is None or event.visit is recorded or event.event.at - requested_at <= limit + TIMER_TOLERANCE:
            return
        self.expired_timer = max(self.execution.now, requested_at + limit), pending.id
        attempts = self.execution.tree.entered_at(pending.entered).attempts
        attempt = recorded.attempts[min(len(attempts), len(recorded.attempts)) - 1]
        self.delivered.add(attempt.scheduled.id)
        text = f"the recording waits on for its result; it times out after {limit:g} s"
        self.comparison.diverge(recorded, text, after=attempt.scheduled.id)

    def _check_wait(self, at: float, pending: PendingInput) -> None:
        """Diverge at a Wait that the recording has never left, and the new definition would have by now."""
        recorded = self.comparison.recorded[pending.entered]
        if recorded.exited is None and at > pending.due + TIMER_TOLERANCE:
            duration = pending.due - recorded.entered.at
            text = (
                f"the recording still waits after {at - recorded.entered.at:.0f} s; it goes on after {duration:.0f} s"
            )
            self.comparison.diverge(recorded, text, after=recorded.entered.id)


DELIVERIES: Mapping[str, Callable[[ReplayDriver, ExternalEvent], None]] = {
    "outcome": ReplayDriver._deliver_outcome,
    "retried": ReplayDriver._deliver_retry,
    "waited": ReplayDriver._deliver_wait_end,
    "map run": ReplayDriver._deliver_map_run,
    "redriven": ReplayDriver._redrive,
    "aborted": ReplayDriver._abort,
    "timed out": ReplayDriver._time_out,
}
