"""The recorded tasks that the new definition would run again after a divergence, and how."""

from __future__ import annotations

import json

from asl.replay.history.task_attempt import TaskAttempt, comparable_payloads
from asl.replay.history.visits import StateVisit
from asl.replay.json_diff import json_differences
from asl.replay.recorded_maps import recorded_maps
from asl.replay.replay_driver import ReplayDriver
from asl.replay.result import RepeatedTask

REASONS = {
    "renamed": "the recording ran it in another state, {state} (event {event}), where it {outcome}",
    "other input": "the recording ran it with another input, in {state} (event {event}), where it {outcome}",
    "again": "the recording ran it already, in {state} (event {event}), where it {outcome}",
    "moved": "the recording ran it in another order, in {state} (event {event}), where it {outcome}",
    "later": "the recording ran it in the same order (event {event}), where it {outcome}",
}
OUTCOMES = {"succeeded": "succeeded", "": "has no result yet"}


class RepeatedTasks:
    """The recorded attempts, and the states that repeat them."""

    def __init__(self, driver: ReplayDriver) -> None:
        self._equal = driver.comparison.equal
        self._recorded = [(visit, each) for visit in driver.recording.tree.visits for each in visit.attempts]
        self._used = set(driver.delivered)
        self._repeats: dict[tuple[str, int], tuple[StateVisit, StateVisit, TaskAttempt, str]] = {}

    def most_similar(self, attempt: TaskAttempt) -> tuple[StateVisit, TaskAttempt] | None:
        """The most similar recorded attempt of the same task; if possible, an unused one with the same input."""
        same_task = [(visit, each) for visit, each in self._recorded if each.task == attempt.task]
        return max(same_task, key=lambda pair: self._similarity(pair[1], attempt), default=None)

    def _similarity(self, recorded: TaskAttempt, replayed: TaskAttempt) -> tuple[bool, bool, bool, int]:
        unused, order = recorded.scheduled.id not in self._used, recorded.scheduled.id
        same_payload = self._has_same_payload(recorded, replayed)
        return same_payload, unused, bool(recorded.outcome), -order if unused else order

    def _has_same_payload(self, recorded: TaskAttempt, replayed: TaskAttempt) -> bool:
        return not any(json_differences(*comparable_payloads(recorded, replayed), self._equal))

    def mark_used(self, attempt: TaskAttempt) -> None:
        """Record that the attempt's outcome has been delivered."""
        self._used.add(attempt.scheduled.id)

    def add(self, replayed: StateVisit, recorded: StateVisit, attempt: TaskAttempt) -> None:
        """Record that a replayed visit repeats a recorded attempt."""
        if attempt.scheduled.id in self._used:
            kind = "again"
        elif replayed.name != recorded.name:
            kind = "renamed"
        elif not self._has_same_payload(attempt, replayed.attempts[-1]):
            kind = "other input"
        else:
            kind = "later"
        self._repeats.setdefault((replayed.name, attempt.scheduled.id), (replayed, recorded, attempt, kind))

    def results(self) -> list[RepeatedTask]:
        """All repeated tasks. Whether one has moved is clear only when all are there."""
        repeats = self._repeats.values()
        order = [attempt.scheduled.id for _, _, attempt, kind in repeats if kind != "again"]
        return [_repeated_task(*each, _has_moved(each[2].scheduled.id, order)) for each in repeats]


def _has_moved(event: int, order: list[int]) -> bool:
    """True if a recorded predecessor comes after it now, or a recorded successor before it."""
    if event not in order:
        return False
    at = order.index(event)
    return any(other > event for other in order[:at]) or any(other < event for other in order[at + 1 :])


def _repeated_task(
    replayed: StateVisit, recorded: StateVisit, attempt: TaskAttempt, kind: str, has_moved: bool
) -> RepeatedTask:
    kind = "moved" if kind == "later" and has_moved else kind
    event = attempt.scheduled.id
    outcome = OUTCOMES.get(attempt.outcome, f"{attempt.outcome}, maybe after its effect")
    reason = REASONS[kind].format(state=recorded.name, event=event, outcome=outcome)
    return RepeatedTask(attempt.task, replayed.name, recorded.name, event, attempt.outcome or "unknown", kind, reason)


def dropped_tasks(driver: ReplayDriver) -> list[str]:
    """The tasks that succeeded in the recording and that the new definition doesn't run.

    The tasks of a distributed Map's children are in their own histories, so they don't count.
    """
    replayed = {each.task for visit in driver.execution.tree.visits for each in visit.attempts}
    attempts = (each for visit in driver.recording.tree.visits for each in visit.attempts)
    succeeded = {each.task for each in attempts if each.outcome == "succeeded"}
    distributed_maps = json.dumps([state.spec for state in recorded_maps(driver.execution.machine.graph)])
    return sorted(task for task in succeeded - replayed if json.dumps(task) not in distributed_maps)
