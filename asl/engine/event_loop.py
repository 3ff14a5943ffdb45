"""Scheduled events and the loop that performs them: in order of time and, at one moment, in the order they were added.

With a virtual clock `run` moves time itself. With a real clock a driver asks `next_due` when to call `run_due`; between
the two nothing polls and nothing sleeps.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from asl.engine.awaited_outcomes import OutboxEntry
from asl.engine.clock import EngineClock, VirtualClock
from asl.engine.execution import RUNNING, Execution
from asl.engine.requests import TaskRequest

SWEEP_SIZE = 1024
Entry = dict[str, Any]
"""A line of the journal. ``entry`` is started, outcome, stopped, redriven or ended; all else depends on it."""


@dataclass(slots=True, eq=False)
class ScheduledEvent:
    """One thing to do at a time.

    Attributes:
        kind: "timer" and "invoke" come from an execution, "call" from outside; all else is the outcome of a task.
        execution, pending_id: what awaits it; None and 0 for a call.
        data: the outcome, or the function to call.
        request: the task to run, for "invoke".
    """

    due: float
    kind: str
    execution: Execution | None = None
    pending_id: int = 0
    data: Any = None
    request: TaskRequest | None = None

    @property
    def stale(self) -> bool:
        """True if nothing awaits it any more."""
        return self.execution is not None and self.pending_id not in self.execution.pending


class EventQueue:
    """Scheduled events, the earliest first. Stale ones are dropped as they come up, and swept when there are many."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, ScheduledEvent]] = []
        self._sequence = 0
        self._sweep_at = SWEEP_SIZE

    def add(self, event: ScheduledEvent) -> ScheduledEvent:
        self._sequence += 1
        if len(self._heap) >= self._sweep_at:
            self._sweep()
        heapq.heappush(self._heap, (event.due, self._sequence, event))
        return event

    def _sweep(self) -> None:
        self._heap = [entry for entry in self._heap if not entry[2].stale]
        heapq.heapify(self._heap)
        self._sweep_at = max(SWEEP_SIZE, 2 * len(self._heap))

    def peek(self) -> ScheduledEvent | None:
        """The next event, still there afterwards."""
        heap = self._heap
        while heap:
            event = heap[0][2]
            if not event.stale:
                return event
            heapq.heappop(heap)
        return None

    def pop(self) -> ScheduledEvent | None:
        """The next event."""
        heap = self._heap
        while heap:
            event = heapq.heappop(heap)[2]
            if not event.stale:
                return event
        return None

    def remove(self, event: ScheduledEvent) -> None:
        """Take out an event that isn't the next."""
        self._heap = [entry for entry in self._heap if entry[2] is not event]
        heapq.heapify(self._heap)

    def due(self, now: float) -> list[ScheduledEvent]:
        """All events that are due by now, in order."""
        return [event for due, _, event in sorted(self._heap) if due <= now and not event.stale]


class EventLoop:
    """Performs scheduled events, and schedules those that follow from them. A subclass runs the tasks.

    Attributes:
        journal: called with every entry before it takes effect.
        tokens: the tasks that have a task token, by token; those that wait no more too, until they are swept.
    """

    def __init__(self, clock: EngineClock | None, journal: Callable[[Entry], None] | None) -> None:
        self.clock: EngineClock = clock or VirtualClock()
        self._virtual_clock = self.clock if isinstance(self.clock, VirtualClock) else None
        self.event_queue = EventQueue()
        self.journal = journal
        self.tokens: dict[str, tuple[Execution, TaskRequest]] = {}

    @property
    def now(self) -> float:
        return self.clock.now() if self._virtual_clock is None else self._virtual_clock.time

    # What a subclass does.

    def run_task(self, execution: Execution, request: TaskRequest) -> None:
        """Run a task, and post its outcome."""
        raise NotImplementedError

    def rejoin_task(self, execution: Execution, request: TaskRequest) -> None:
        """After a crash: wait for a task that was taken before."""
        raise NotImplementedError

    def drop_task(self, request: TaskRequest) -> None:
        """Stop a task that nothing awaits any more."""
        raise NotImplementedError

    def execution_ended(self, execution: Execution) -> None:
        """Call those who wait for the end of an execution."""
        raise NotImplementedError

    # Time.

    def run(self) -> None:
        """Perform all events, moving virtual time as far as it takes."""
        while self.step() is not None:
            pass

    def step(self, event: ScheduledEvent | None = None) -> ScheduledEvent | None:
        """Perform the next event, or one of those that `due_now` lists; returns it, or None if there was none."""
        if event is not None:
            self.event_queue.remove(event)
        elif (event := self.event_queue.pop()) is None:
            return None
        if self._virtual_clock is not None and event.due > self._virtual_clock.time:
            self._virtual_clock.move_to(event.due)
        if event.kind == "call":
            event.data()
        elif event.execution is not None and event.request is not None:
            self.run_task(event.execution, event.request)
        elif event.execution is not None:
            self.deliver(event.execution, event.pending_id, event.kind, event.data)
        return event

    def due_now(self) -> list[ScheduledEvent]:
        """The events that may come next without time passing: those due now, or at the next moment with any."""
        first = self.event_queue.peek()
        return [] if first is None else self.event_queue.due(max(first.due, self.now))

    def next_due(self) -> float | None:
        """When the next event is due, in the clock's seconds; None if there is none."""
        event = self.event_queue.peek()
        return None if event is None else event.due

    def run_due(self, now: float | None = None) -> int:
        """Perform all events that are due by now; returns how many."""
        limit = self.now if now is None else now
        count = 0
        while (event := self.event_queue.peek()) is not None and event.due <= limit:
            self.step()
            count += 1
        return count

    def advance(self, seconds: float) -> None:
        """Let virtual time pass, and perform the events that fall into it."""
        if self._virtual_clock is None:
            raise TypeError("only a virtual clock can be advanced")
        until = self._virtual_clock.time + seconds
        self.run_due(until)
        self._virtual_clock.move_to(until)

    def call_at(self, moment: float, function: Callable[[], None]) -> ScheduledEvent:
        """Call a function as an event of its own."""
        return self.event_queue.add(ScheduledEvent(moment, "call", data=function))

    def post(self, execution: Execution, pending_id: int, kind: str, data: Any = None, delay: float = 0) -> None:
        """Hand an outcome to an execution, as an event of its own."""
        self.event_queue.add(ScheduledEvent(self.now + delay, kind, execution, pending_id, data))

    # Outcomes, and what follows from them.

    def deliver(self, execution: Execution, pending_id: int, kind: str, data: Any) -> None:
        """Hand an outcome to an execution, now."""
        if pending_id in execution.pending:
            self.write_entry("outcome", execution.arn, pending_id=pending_id, kind=kind, data=data)
            execution.deliver(self.now, pending_id, kind, data)
            self.follow_up(execution)

    def write_entry(self, entry: str, arn: str, **fields: Any) -> None:
        """Write an entry into the journal."""
        if self.journal is not None:
            self.journal({"entry": entry, "execution": arn, "time": self.now, **fields})

    def follow_up(self, execution: Execution) -> None:
        """Schedule the tasks and timers that a call or an outcome has brought about, and report the execution's end."""
        if execution.outbox or execution.dropped:
            self.schedule_outbox(execution)
        if execution.status != RUNNING:
            self.write_entry("ended", execution.arn, status=execution.status)
            self.execution_ended(execution)

    def schedule_outbox(self, execution: Execution) -> None:
        """Schedule the tasks and timers that an execution asks for; drop the tasks that it no longer awaits."""
        for entry in execution.outbox:
            if entry.pending_id in execution.pending:
                self._schedule_entry(execution, entry)
        execution.outbox.clear()
        for request in execution.dropped:
            self.drop_task(request)
        execution.dropped.clear()

    def _schedule_entry(self, execution: Execution, entry: OutboxEntry) -> None:
        request = entry.request
        if request is None:
            self.event_queue.add(ScheduledEvent(entry.due, "timer", execution, entry.pending_id))
            return
        if request.token is not None:
            self.tokens[request.token] = (execution, request)
        if request.submitted is not None:
            self.rejoin_task(execution, request)
        elif not (request.integration.kind == "activity" and request.started):
            self.event_queue.add(ScheduledEvent(entry.due, "invoke", execution, entry.pending_id, request=request))
