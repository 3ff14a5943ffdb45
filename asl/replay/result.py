"""The result of a replay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class ReplayDifference:
    """A difference between the recording and the replay.

    Attributes:
        state: the recording's state, or the new definition's if the recording has none.
        event: the recorded event up to which both were the same; 0 if they never were.
        kind: "flow" (another path from here), "asks" (a task has another input), "hands on" (a state has another
            output), "waits" (for another time) or "ends" (another status or error).
        description: a sentence for people.
    """

    state: str
    event: int
    kind: str
    description: str


@dataclass(frozen=True)
class RepeatedTask:
    """A task that the recording ran and that the new definition would run again after the first difference in flow.

    Attributes:
        task: the function or action.
        state: the new definition's state that runs it.
        recorded_in, event: where the recording ran it.
        outcome: its recorded outcome.
        kind: "renamed" (in another state), "moved" (in another order), "again" (more often), "other input" (with
            another input); or "later": unchanged, but after the divergence.
        reason: a sentence for people.
    """

    task: str
    state: str
    recorded_in: str
    event: int
    outcome: str
    kind: str
    reason: str


@dataclass
class ReplayResult:
    """What the new definition does with one recording.

    Attributes:
        name: the recording's.
        status: the recording's: RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED.
        differences: the first is where to look; its consequences aren't listed.
        repeats: the tasks that would run again after the first difference in flow.
        new_tasks: tasks after it that the recording never ran; each is assumed to return {}.
        dropped_tasks: tasks that the recording ran and the new definition doesn't.
        path: the states that the new definition then goes through.
        ending: how it then ends, or what it waits for.
        waits_in: of a running execution, its current states.
        ahead: of a running execution, the changed states that may still come.
    """

    name: str
    status: str
    differences: list[ReplayDifference] = field(default_factory=list)
    repeats: list[RepeatedTask] = field(default_factory=list)
    new_tasks: list[str] = field(default_factory=list)
    dropped_tasks: list[str] = field(default_factory=list)
    path: list[str] = field(default_factory=list)
    ending: str = ""
    waits_in: list[str] = field(default_factory=list)
    ahead: list[str] = field(default_factory=list)

    @property
    def same(self) -> bool:
        return not self.differences

    @property
    def affected(self) -> bool:
        """True for a running execution that the new definition would take another way, now or later."""
        return self.status == "RUNNING" and bool(self.differences or self.ahead)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "same": self.same, "affected": self.affected}

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def _lines(result: ReplayResult) -> Iterator[str]:
    running = f" (still running, in {', '.join(result.waits_in)})" if result.status == "RUNNING" else ""
    if result.same:
        yield f"{result.name}: same{' so far' if running else ''}{running}"
    else:
        first = result.differences[0]
        yield f"{result.name}: differs at {first.state}, after event {first.event}{running}"
    texts = Counter(f"  {each.state}: {each.description}" for each in result.differences)
    for text, count in texts.items():
        yield text if count == 1 else f"{text} ({count} times)"
    if result.path:
        yield f"  goes on: {' → '.join(result.path)}{result.ending and ', and ' + result.ending}"
    elif result.ending:
        yield f"  goes to no other state, and {result.ending}"
    for repeat in result.repeats:
        yield f"  repeats {repeat.task} in {repeat.state}, {repeat.kind}: {repeat.reason}"
    for task in result.new_tasks:
        yield f"  new: {task}, which the recording never ran (assumed to return {{}})"
    for task in result.dropped_tasks:
        yield f"  no longer run: {task}"
    if result.ahead:
        yield f"  changed ahead of it: {', '.join(result.ahead)}"
