"""What is to happen, in order of time and, at one moment, in the order it was asked for."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asl.engine.execution import Execution
    from asl.engine.requests import TaskRequest


@dataclass(slots=True, eq=False)
class ScheduledEvent:
    """One thing to do at a time.

    Attributes:
        kind: "timer" and "invoke" come from an execution, "call" from outside; all else is the outcome of a ticket.
        execution, ticket: who waits for it; None and 0 for a call.
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
        """True if nobody waits for it any more."""
        return self.execution is not None and self.pending_id not in self.execution.pending


class EventQueue:
    """Steps, the earliest first. Stale ones are dropped as they come up, and swept when they pile up."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, ScheduledEvent]] = []
        self._sequence = 0
        self._sweep_at = 1024

    def add(self, step: ScheduledEvent) -> ScheduledEvent:
        self._sequence += 1
        if len(self._heap) >= self._sweep_at:
            self._sweep()
        heapq.heappush(self._heap, (step.due, self._sequence, step))
        return step

    def _sweep(self) -> None:
        self._heap = [entry for entry in self._heap if not entry[2].stale]
        heapq.heapify(self._heap)
        self._sweep_at = max(1024, 2 * len(self._heap))

    def peek(self) -> ScheduledEvent | None:
        """The next step, still there afterwards."""
        heap = self._heap
        while heap:
            step = heap[0][2]
            if not step.stale:
                return step
            heapq.heappop(heap)
        return None

    def pop(self) -> ScheduledEvent | None:
        """The next step."""
        heap = self._heap
        while heap:
            step = heapq.heappop(heap)[2]
            if not step.stale:
                return step
        return None

    def take(self, step: ScheduledEvent) -> None:
        """Take out a step that isn't the next."""
        self._heap = [entry for entry in self._heap if entry[2] is not step]
        heapq.heapify(self._heap)

    def due(self, now: float) -> list[ScheduledEvent]:
        """All that is due by now, in order."""
        return [step for due, _, step in sorted(self._heap) if due <= now and not step.stale]
