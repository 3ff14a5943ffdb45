"""Visits of states: the structure of a history in branches and iterations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from asl.replay.history.events import HistoryEvent
from asl.replay.history.task_attempt import TaskAttempt

ThreadKey = tuple[int, str | int]
"""Identifies a branch or an iteration: the round of its Parallel or Map, and its first state's name or item's index."""


@dataclass(slots=True, eq=False)
class StateVisit:
    """One visit of a state, with its attempts, or its branches or iterations.

    Attributes:
        index: its position in its thread.
        rounds: how often a Parallel or Map has started.
        exhausted_at: the number of attempts after which a Retry gave up. A redrive allows more.
        event_ids: of its own events.
        item_counts: the number of a Map's items in each round.
    """

    name: str
    kind: str
    entered: HistoryEvent
    thread: ThreadVisits
    index: int
    attempts: list[TaskAttempt] = field(default_factory=list)
    rounds: int = 0
    threads: dict[ThreadKey, ThreadVisits] = field(default_factory=dict)
    exhausted_at: set[int] = field(default_factory=set)
    event_ids: list[int] = field(default_factory=list)
    item_counts: list[int] = field(default_factory=list)
    exited: HistoryEvent | None = None

    @property
    def output(self) -> Any:
        return None if self.exited is None else self.exited.details.get("output")

    @property
    def attempt_count(self) -> int:
        """The number of attempts, of a task or of a Parallel or Map."""
        return max(len(self.attempts), self.rounds)

    @property
    def enclosing(self) -> Iterator[StateVisit]:
        """The Parallels and Maps that contain it, the innermost first."""
        visit = self.thread.parent
        while visit is not None:
            yield visit
            visit = visit.thread.parent

    @property
    def is_current(self) -> bool:
        """False in a branch or iteration that its Parallel or Map has abandoned, by its end or by a new round."""
        threads = [self.thread, *(each.thread for each in self.enclosing)]
        return all(thread.parent is None or thread.parent.still_runs(thread) for thread in threads)

    def still_runs(self, thread: ThreadVisits) -> bool:
        return self.exited is None and thread.key[0] == self.rounds

    def last_event(self, before: int) -> int:
        """The id of its last own event before another event."""
        return max(each for each in self.event_ids if each < before or each == self.entered.id)


@dataclass(slots=True, eq=False)
class ThreadVisits:
    """The visits of one thread, in order: of a branch, an iteration, or the machine itself."""

    parent: StateVisit | None = None
    key: ThreadKey = (0, "")
    visits: list[StateVisit] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ExternalEvent:
    """Something that reached the execution from outside.

    Attributes:
        kind: "outcome", "retried", "waited", "map run", "redriven", "aborted" or "timed out".
        number: the attempt's, from 0.
        outcome, data: of an outcome or a map run.
    """

    kind: str
    event: HistoryEvent
    visit: StateVisit | None = None
    number: int = 0
    outcome: str = ""
    data: Any = None
