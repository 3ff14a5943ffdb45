"""The outcomes that an execution awaits, and the outbox of what it asks the engine for.

Every timer and every task is awaited under a pending id. The ids, and the task tokens made of them, depend on nothing
but the execution, so that a replay of its journal gives out the same ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from asl.engine.requests import TaskRequest

OutcomeHandler = Callable[[str, Any], None]
"""Takes an outcome: its kind and its data."""


@dataclass(slots=True)
class OutboxEntry:
    """A timer, or a task to run: due at a time, its outcome awaited under a pending id."""

    pending_id: int
    due: float
    request: TaskRequest | None = None


class AwaitedOutcomes:
    """The outcomes that one execution awaits.

    Attributes:
        now: the time of the outcome that is being handled.
        pending: the handlers of awaited outcomes, by pending id.
        outbox: tasks and timers that the engine hasn't taken yet.
        dropped: tasks that nothing awaits any more, though they haven't been answered.
    """

    def __init__(self, arn: str, now: float, seed: int) -> None:
        self.arn = arn
        self.now = now
        self.seed = seed
        self.pending: dict[int, OutcomeHandler] = {}
        self.outbox: list[OutboxEntry] = []
        self.dropped: list[TaskRequest] = []
        self.last_pending_id = 0

    def await_outcome(self, handler: OutcomeHandler) -> int:
        """Await an outcome; returns its pending id."""
        self.last_pending_id += 1
        self.pending[self.last_pending_id] = handler
        return self.last_pending_id

    def timer(self, due: float, handler: OutcomeHandler) -> int:
        """Call the handler at a time; returns the pending id."""
        pending_id = self.await_outcome(handler)
        self.outbox.append(OutboxEntry(pending_id, due))
        return pending_id

    def request(self, request: TaskRequest, handler: OutcomeHandler, time_out: OutcomeHandler | None = None) -> int:
        """Ask the engine to run a task; returns the pending id of its timeout, 0 without one."""
        pending_id = self.await_outcome(handler)
        assert pending_id == request.pending_id
        self.outbox.append(OutboxEntry(pending_id, self.now, request))
        if request.timeout_seconds is None or time_out is None:
            return 0
        return self.timer(self.now + request.timeout_seconds, time_out)

    def token(self, pending_id: int) -> str:
        """A task token that nobody can guess."""
        return sha256(f"{self.seed}:{self.arn}:{pending_id}".encode()).hexdigest()
