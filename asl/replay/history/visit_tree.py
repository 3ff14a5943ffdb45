"""The visit tree: builds the structure of a history from its events.

An event names only its predecessor, and its visit follows from that. The engine's histories have the same form, so the
same code reads a recording and its replay, and they can be compared visit by visit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asl.replay.history.events import HistoryEvent, failure_of, task_of
from asl.replay.history.task_attempt import TaskAttempt
from asl.replay.history.visits import ExternalEvent, StateVisit, ThreadKey, ThreadVisits

TASK_PREFIXES = ("LambdaFunction", "Task", "Activity")
FAILURES = ("Failed", "ScheduleFailed", "StartFailed", "SubmitFailed")
EXECUTION_EVENTS = {"ExecutionRedriven": "redriven", "ExecutionAborted": "aborted", "ExecutionTimedOut": "timed out"}


class VisitTree:
    """The visits of a history, by their branches and iterations.

    Attributes:
        root: the visits of the machine itself.
        visits: all visits, in order.
        external_events: what reached the execution from outside, in order.
    """

    def __init__(self) -> None:
        self.root = ThreadVisits()
        self.events: list[HistoryEvent] = []
        self.external_events: list[ExternalEvent] = []
        self.visits: list[StateVisit] = []
        self._visit_of: dict[int, StateVisit] = {}

    def add(self, event: HistoryEvent) -> StateVisit | None:
        """Add the next event; returns its visit."""
        self.events.append(event)
        visit = self._place(event)
        if visit is not None:
            self._visit_of[event.id] = visit
            visit.event_ids.append(event.id)
        self._note_exhausted_retries(event)
        return visit

    def _note_exhausted_retries(self, event: HistoryEvent) -> None:
        """If a failed attempt isn't followed by another one, no retry was left."""
        visit = self._visit_of.get(event.previous)
        if event.kind.endswith(("Scheduled", "StateAborted", "ExecutionAborted", "ExecutionTimedOut")):
            return
        if visit and visit.attempts and visit.attempts[-1].settled == event.previous and visit.attempts[-1].failed:
            visit.exhausted_at.add(visit.attempt_count)
        parent = self._visit_of.get(event.id)
        if parent and event.kind in ("ParallelStateFailed", "MapStateFailed"):
            parent.exhausted_at.add(parent.attempt_count)

    def entered_at(self, event_id: int) -> StateVisit:
        """The visit that an event entered."""
        return self._visit_of[event_id]

    def previous_event(self, event: HistoryEvent) -> HistoryEvent | None:
        return self.events[event.previous - 1] if 0 < event.previous < event.id else None

    def _place(self, event: HistoryEvent) -> StateVisit | None:
        kind = event.kind
        if kind.endswith("StateEntered"):
            return self._enter(event)
        if kind.startswith("Execution"):
            if kind in EXECUTION_EVENTS:
                self.external_events.append(ExternalEvent(EXECUTION_EVENTS[kind], event))
            return None
        if kind.endswith("StateExited"):
            return self._exit(event)
        visit = self._named_visit(event) or self._parent_of(event) or self._visit_of.get(event.previous)
        for prefix in TASK_PREFIXES:
            suffix = kind.removeprefix(prefix)
            if kind.startswith(prefix) and not suffix.startswith("State"):
                return self._add_task_event(event, suffix, visit)
        if visit is not None:
            self._add_round(event, visit)
        return visit

    def _named_visit(self, event: HistoryEvent) -> StateVisit | None:
        """The visit of the state that the event's details name: an enclosing one, or the last one that is open."""
        name = event.details.get("name") or event.details.get("state")
        if not isinstance(name, str):
            return None
        visit = self._visit_of.get(event.previous)
        while visit is not None and visit.name != name:
            visit = visit.thread.parent
        return visit or next((each for each in reversed(self.visits) if each.name == name and not each.exited), None)

    def _parent_of(self, event: HistoryEvent) -> StateVisit | None:
        """The Parallel or Map that ends, or starts a new round, after the last event of one of its branches."""
        if not event.kind.endswith(("StateStarted", "StateSucceeded", "StateFailed")):
            return None
        visit, kind = self._visit_of.get(event.previous), event.kind.partition("State")[0]
        while visit is not None and (visit.kind != kind or visit.exited or visit.attempt_count in visit.exhausted_at):
            visit = visit.thread.parent
        return visit

    def _enter(self, event: HistoryEvent) -> StateVisit:
        thread = self._thread_of(event)
        kind = event.kind.removesuffix("StateEntered")
        visit = StateVisit(event.details["name"], kind, event, thread, len(thread.visits))
        thread.visits.append(visit)
        self.visits.append(visit)
        return visit

    def _thread_of(self, event: HistoryEvent) -> ThreadVisits:
        previous = self.previous_event(event)
        visit = None if previous is None else self._visit_of.get(previous.id)
        if previous is None or visit is None:
            return self.root
        if previous.kind == "ParallelStateStarted":
            key: ThreadKey = (visit.rounds, event.details["name"])
        elif previous.kind == "MapIterationStarted":
            key = (visit.rounds, previous.details["index"])
        else:
            return visit.thread
        return visit.threads.setdefault(key, ThreadVisits(visit, key))

    def _exit(self, event: HistoryEvent) -> StateVisit | None:
        visit = self._named_visit(event)
        if visit is not None:
            visit.exited = event
            if visit.kind == "Wait":
                self.external_events.append(ExternalEvent("waited", event, visit))
        return visit

    def _add_round(self, event: HistoryEvent, visit: StateVisit) -> None:
        if event.kind in ("ParallelStateStarted", "MapStateStarted"):
            visit.rounds += 1
            visit.item_counts.append(event.details.get("length", 0))
            if visit.rounds > 1 and not self._follows_redrive(event):
                self.external_events.append(ExternalEvent("retried", event, visit, visit.rounds - 1))
        elif event.kind == "MapRunSucceeded":
            self.external_events.append(ExternalEvent("map run", event, visit, 0, "succeeded"))
        elif event.kind == "MapRunFailed":
            self.external_events.append(ExternalEvent("map run", event, visit, 0, "failed", failure_of(event)))

    def _follows_redrive(self, event: HistoryEvent) -> bool:
        previous = self.previous_event(event)
        return previous is not None and previous.kind == "ExecutionRedriven"

    # Tasks.

    def _add_task_event(self, event: HistoryEvent, suffix: str, visit: StateVisit | None) -> StateVisit | None:
        if suffix == "Scheduled":
            return self._add_attempt(event, visit)
        if visit is None or not visit.attempts:
            return visit
        attempt, number = visit.attempts[-1], len(visit.attempts) - 1
        outcome, data = "", None
        if suffix == "Succeeded":
            outcome, data = "succeeded", event.details.get("output")
        elif suffix in FAILURES:
            outcome, data = "failed", failure_of(event)
        elif suffix == "TimedOut":
            outcome, data = "timed out", failure_of(event)
        elif suffix == "Submitted":
            output = event.details.get("output", {})
            self.external_events.append(ExternalEvent("outcome", event, visit, number, "submitted", output))
        elif suffix == "Started" and event.kind == "ActivityStarted":
            worker = event.details.get("workerName")
            self.external_events.append(ExternalEvent("outcome", event, visit, number, "started", worker))
        if outcome:
            attempt.outcome, attempt.data, attempt.settled = outcome, data, event.id
            self.external_events.append(ExternalEvent("outcome", event, visit, number, outcome, data))
        return visit

    def _add_attempt(self, event: HistoryEvent, visit: StateVisit | None) -> StateVisit | None:
        payload = event.details.get("input", event.details.get("parameters"))
        attempt = TaskAttempt(event, task_of(event), payload)
        if visit is None:
            visit = self._redriven_visit(attempt)
        elif visit.attempts:
            self.external_events.append(ExternalEvent("retried", event, visit, len(visit.attempts)))
        if visit is not None:
            visit.attempts.append(attempt)
        return visit

    def _redriven_visit(self, attempt: TaskAttempt) -> StateVisit | None:
        """The visit that tries again after a redrive. The history doesn't name it, so this is the most similar one."""
        redrive = attempt.scheduled.previous
        tasks = (each for each in self.visits if each.attempts and each.exited is None)
        open_visits = [each for each in tasks if each.attempts[-1].scheduled.id < redrive and each.is_current]
        same_task = [each for each in open_visits if each.attempts[-1].task == attempt.task] or open_visits
        return max(same_task, key=lambda each: _similarity(each.attempts[-1].payload, attempt.payload), default=None)


def _similarity(one: Any, other: Any) -> int:
    """The number of equal fields of two payloads."""
    return sum(a == b for a, b in zip(_leaves(one), _leaves(other), strict=False))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key in sorted(value):
            yield from _leaves(value[key])
    else:
        yield value
