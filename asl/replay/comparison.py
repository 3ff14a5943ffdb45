"""Compares a recording with the history of its replay, visit by visit, while the replay grows."""

from __future__ import annotations

import re
from typing import Any, NoReturn

from asl.replay.history.recording import Recording
from asl.replay.history.task_attempt import TaskAttempt, comparable_payloads
from asl.replay.history.visits import StateVisit, ThreadVisits
from asl.replay.json_diff import ABSENT, describe_difference, json_differences, shorten
from asl.replay.replayed_execution import Awaited, ReplayedExecution
from asl.replay.result import ReplayDifference

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_CAUSE_PREFIX = re.compile(r"^An error occurred while executing the state '.*' \(entered at the event id #\d+\)\. ")
_ENTERED = re.compile(r" \(entered at the event id #\d+\)")


class Diverged(Exception):
    """The replay takes another path. The recording says nothing about it from here on."""


class RecordingExhausted(Exception):
    """A running execution's history ends where the replay can still continue."""


class HistoryComparison:
    """The pairs of recorded and replayed visits, and the differences between them.

    Attributes:
        recorded: the recorded visit of each replayed one, by the event that entered the replayed one.
        replayed: the reverse.
        differences: in order.
        closed: the ids of recorded threads that the replay no longer follows.
        horizon: the id of the next recorded redrive, or that after the last event. Later events aren't compared yet.
    """

    def __init__(self, recording: Recording, execution: ReplayedExecution) -> None:
        self.recording = recording
        self.execution = execution
        self.recorded: dict[int, StateVisit] = {}
        self.replayed: dict[int, StateVisit] = {}
        self.differences: list[ReplayDifference] = []
        self.closed: set[int] = set()
        self.horizon = 0
        self._reported: set[str] = set()
        self._held_output: tuple[StateVisit, list[str]] | None = None
        self.advance_horizon()

    def advance_horizon(self) -> None:
        """Continue past a redrive, up to the next one."""
        events = self.recording.events
        redrives = (each.id for each in events[self.horizon :] if each.kind == "ExecutionRedriven")
        self.horizon = next(redrives, len(events) + 1)

    def compare_new_events(self) -> None:
        """Compare the replay's events since the last call. Raises Diverged and RecordingExhausted."""
        for event, visit in self.execution.new_events():
            if visit is not None and event is visit.entered:
                self._compare_visit(visit)
            self._report_held_output()
            if visit is None:
                continue
            recorded = self.recorded[visit.entered.id]
            if visit.attempts and event is visit.attempts[-1].scheduled:
                self._compare_attempt(recorded, visit)
            elif event.kind in ("MapStateStarted", "MapRunStarted") and recorded.threads:
                self._compare_items(recorded, visit, event.kind)
            elif event is visit.exited and recorded.exited is not None:
                self._compare_output(recorded, visit)
        self._report_held_output()
        self._compare_retries()

    def _compare_visit(self, replayed: StateVisit) -> None:
        thread, previous = self._recorded_thread(replayed)
        recorded = thread.visits[replayed.index] if replayed.index < len(thread.visits) else None
        if recorded is None or recorded.entered.id > self.horizon:
            if self.recording.running and recorded is None and self.horizon > len(self.recording.events):
                raise RecordingExhausted
            text = f"the recording {self._recorded_end(previous)}; it goes on to {replayed.name}"
            self.diverge(previous, text, replayed.name)
        if recorded.name != replayed.name:
            self.diverge(previous, f"the recording goes to {recorded.name}, it goes to {replayed.name}", replayed.name)
        if recorded.kind != replayed.kind:
            text = f"it was a {recorded.kind} state, it is a {replayed.kind} state"
            self.diverge(recorded, text, after=recorded.entered.previous)
        self.recorded[replayed.entered.id] = recorded
        self.replayed[recorded.entered.id] = replayed

    def _recorded_thread(self, replayed: StateVisit) -> tuple[ThreadVisits, StateVisit | None]:
        """The recorded thread of a replayed visit, and the recorded visit before it."""
        parent = replayed.thread.parent
        if parent is None:
            thread, previous = self.recording.tree.root, None
        else:
            previous = self.recorded[parent.entered.id]
            thread = previous.threads.get(replayed.thread.key, ThreadVisits(previous))
            if not thread.visits and (not self.recording.running or _has_progress(previous)):
                text = f"the recording {_missing_thread(previous, replayed)}; it has"
                self.diverge(previous, text, after=previous.entered.id)
        return thread, thread.visits[replayed.index - 1] if replayed.index else previous

    def _recorded_end(self, visit: StateVisit | None) -> str:
        """How the recording ends after a visit."""
        attempts = [each for each in visit.attempts if each.scheduled.id < self.horizon] if visit is not None else []
        if not attempts or not attempts[-1].failed:
            return "ends there"
        return f"fails there with {attempts[-1].data['error'] or 'an error without a name'}"

    def _compare_attempt(self, recorded: StateVisit, replayed: StateVisit) -> None:
        if len(replayed.attempts) > len(recorded.attempts):
            return
        old, new = recorded.attempts[len(replayed.attempts) - 1], replayed.attempts[-1]
        texts = self._attempt_differences(old, new)
        if texts:
            text = f"the task is called differently: {'; '.join(texts)}"
            self.report(recorded, "asks", text, after=old.scheduled.previous)

    def _attempt_differences(self, old: TaskAttempt, new: TaskAttempt) -> list[str]:
        texts = [describe_difference(each) for each in json_differences(*comparable_payloads(old, new), self.equal)]
        if old.task != new.task:
            texts.insert(0, f"it called {old.task}, it calls {new.task}")
        elif old.integration != new.integration:
            texts.insert(0, f"it was called by {old.integration}, it is by {new.integration}")
        limits = ("timeoutInSeconds", "heartbeatInSeconds")
        before, now = ({field: each.details.get(field, ABSENT) for field in limits} for each in (old, new))
        differences = json_differences(before, now, self.equal)
        return texts + [describe_difference(each).removeprefix("$.") for each in differences]

    def _compare_items(self, recorded: StateVisit, replayed: StateVisit, kind: str) -> None:
        """Compare the items of a Map that is inline in the recording."""
        after = recorded.entered.id
        if kind == "MapRunStarted":
            text = "the recording runs its items inline; it runs them as child executions"
            self.diverge(recorded, text, after=after)
        if len(replayed.item_counts) <= len(recorded.item_counts):
            before, now = recorded.item_counts[len(replayed.item_counts) - 1], replayed.item_counts[-1]
            if before != now:
                self.diverge(recorded, f"the recording has {before} items, it has {now}", after=after)

    def _compare_output(self, recorded: StateVisit, replayed: StateVisit) -> None:
        """Compare two outputs. A difference that a state only passes on is reported once.

        The report waits for the next event: if the replay then takes another path, the output doesn't matter.
        """
        differences = json_differences(recorded.output, replayed.output, self.equal)
        texts = [text for text in map(describe_difference, differences) if text not in self._reported]
        if texts:
            self._reported |= set(texts)
            self._held_output = recorded, texts

    def _report_held_output(self) -> None:
        if self._held_output is not None:
            recorded, texts = self._held_output
            self._held_output = None
            after = recorded.exited.previous if recorded.exited is not None else None
            self.report(recorded, "hands on", f"its output differs: {'; '.join(texts)}", after=after)

    def _compare_retries(self) -> None:
        """Diverge where the replay retries and the recording gave up."""
        for pending in self.execution.pending_inputs():
            if pending.awaited is Awaited.RETRY:
                recorded, replayed = self.recorded[pending.entered], self.execution.tree.entered_at(pending.entered)
                if replayed.attempt_count in recorded.exhausted_at:
                    attempts = recorded.attempts
                    after = attempts[replayed.attempt_count - 1].settled if attempts else None
                    self.diverge(recorded, "the recording gives up there; it tries again", after=after)

    def equal(self, old: Any, new: Any) -> bool:
        """True for two JSON leaves that differ only by chance or time."""
        if not isinstance(old, str) or not isinstance(new, str):
            return type(old) is type(new) and bool(old == new)
        if new in self.execution.volatile_texts:
            return bool(_TIME.fullmatch(old)) == bool(_TIME.fullmatch(new))
        if _UUID.fullmatch(old) and _UUID.fullmatch(new):
            return new not in self.recording.text
        return _ENTERED.sub("", old) == _ENTERED.sub("", new)

    # The end.

    def compare_ends(self) -> None:
        """Compare the ends, when all recorded events have been delivered. Raises Diverged."""
        execution, recording = self.execution, self.recording
        self.diverge_at_missing_visit()
        if execution.status == recording.status:
            self._compare_errors()
        elif execution.running:
            where = ", ".join(execution.waiting_states().values())
            self.diverge(self.last, f"the recording is {recording.status}; it still runs, in {where}", kind="ends")
        else:
            self.diverge(self.last, f"the recording is {recording.status}; it is {execution.status}", kind="ends")

    def _compare_errors(self) -> None:
        if self.recording.running:
            return
        details = self.recording.events[-1].details
        for field, now in (("error", self.execution.error), ("cause", self.execution.cause)):
            before = details.get(field) or None
            if before != now and not self.equal(before, now):
                self.report(self.last, "ends", f"the {field} was {before}, is {now}")

    def diverge_at_missing_visit(self) -> None:
        """Diverge at the first recorded visit that the replay hasn't made, if there is one."""
        for visit in self.recording.tree.visits:
            if visit.entered.id not in self.replayed:
                if visit.index == 0 and visit.thread.parent is not None:
                    parent = visit.thread.parent
                    text = self.replay_status if self.execution.error else "it hasn't"
                    after = parent.entered.id
                    self.diverge(parent, f"the recording {_started_thread(parent, visit)}; {text}", after=after)
                previous = visit.thread.visits[visit.index - 1] if visit.index else None
                self.diverge(previous, f"the recording goes to {visit.name}; {self.replay_status}", visit.name)

    @property
    def replay_status(self) -> str:
        """What the replay does where it doesn't follow the recording."""
        execution = self.execution
        if execution.running:
            return "it doesn't"
        if not execution.error:
            return f"it ends, {execution.status}"
        cause = _CAUSE_PREFIX.sub("", execution.cause or "")
        return f"it is {execution.status} with {execution.error}{cause and ': ' + shorten(cause, 240)}"

    @property
    def last(self) -> StateVisit | None:
        """The last recorded visit that the replay has made too."""
        visits = reversed(self.recording.tree.visits)
        return next((each for each in visits if each.entered.id in self.replayed), None)

    def diverge(
        self, visit: StateVisit | None, text: str, state: str = "", kind: str = "flow", after: int | None = None
    ) -> NoReturn:
        """Report a difference, and raise Diverged."""
        self.report(visit, kind, text, state, after)
        self._close(self.recording.tree.root if visit is None else visit.thread)
        raise Diverged

    def _close(self, thread: ThreadVisits) -> None:
        enclosing: ThreadVisits | None = thread
        while enclosing is not None:
            self.closed.add(id(enclosing))
            enclosing = enclosing.parent.thread if enclosing.parent else None

    def pair_new_visits(self) -> None:
        """Pair the replay's new visits with recorded ones, without reporting differences."""
        for event, visit in self.execution.new_events():
            if visit is not None and event is visit.entered:
                self._pair_visit(visit)

    def _pair_visit(self, replayed: StateVisit) -> None:
        """Pair a visit in a thread that still follows the recording, or close that thread."""
        parent = replayed.thread.parent
        thread = self.recording.tree.root if parent is None else None
        if parent is not None and parent.entered.id in self.recorded:
            thread = self.recorded[parent.entered.id].threads.get(replayed.thread.key)
        if thread is None or id(thread) in self.closed:
            return
        recorded = thread.visits[replayed.index] if replayed.index < len(thread.visits) else None
        if recorded is not None and (recorded.name, recorded.kind) == (replayed.name, replayed.kind):
            self.recorded[replayed.entered.id], self.replayed[recorded.entered.id] = recorded, replayed
        else:
            self._close(thread)

    def report(self, visit: StateVisit | None, kind: str, text: str, state: str = "", after: int | None = None) -> None:
        """Add a difference after a recorded event; by default after the visit's last one."""
        name = visit.name if visit is not None else state or self.execution.machine.graph.start.name
        if after is None:
            after = visit.last_event(self.horizon) if visit is not None else 0
        self.differences.append(ReplayDifference(name, after, kind, text))


def _has_progress(parent: StateVisit) -> bool:
    """True if a branch of a Parallel has progressed, so that all its branches have started."""
    first = [thread.visits[0] for thread in parent.threads.values()]
    return parent.kind == "Parallel" and any(
        each.exited is not None or any(attempt.outcome for attempt in each.attempts) for each in first
    )


def _missing_thread(parent: StateVisit, replayed: StateVisit) -> str:
    if parent.kind == "Map":
        return f"hasn't begun with item {replayed.thread.key[1]}"
    return f"hasn't begun any branch with {replayed.name}"


def _started_thread(parent: StateVisit, recorded: StateVisit) -> str:
    if parent.kind == "Map":
        return f"has begun with item {recorded.thread.key[1]} by then"
    return f"has begun a branch with {recorded.name}"
