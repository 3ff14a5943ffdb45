"""What a replay comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Difference:
    """A place at which the new definition does something else than the recording.

    Attributes:
        state: where; the state of the recording, or the new definition's where the recording has none.
        event: the recorded event up to which all was the same; 0 where nothing was.
        kind: "flow" (another way from here), "asks" (a task is given something else), "hands on" (other data leave the
            state), "waits" (for another time) or "ends" (otherwise).
        how: a sentence for people.
    """

    state: str
    event: int
    kind: str
    how: str


@dataclass(frozen=True)
class Repeat:
    """A task that the recording did and that the new definition, left to go on by itself, would do again.

    Attributes:
        task: the function or action.
        state: the new definition's state that does it.
        recorded_in, event: where the recording did it.
        outcome: how it went then.
        kind: "renamed" (in another state), "moved" (in another order), "again" (more often), "asked otherwise" (with
            another payload); or "later": as in the recording, but after the ways have parted.
        why: a sentence for people.
    """

    task: str
    state: str
    recorded_in: str
    event: int
    outcome: str
    kind: str
    why: str


@dataclass
class Verdict:
    """What the new definition does with one recording.

    Attributes:
        name: the recording's.
        status: the recording's: RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED.
        differences: the first is where to look; what follows from it isn't listed.
        repeats: the effects that would be done again after the first difference in flow.
        new: the tasks that the new definition does there and the recording never did; each is assumed to answer {}.
        dropped: the tasks that the recording did and the new definition no longer does.
        way: the states that the new definition then goes through.
        then: how it then ends, if it does.
        waits_in: of a running execution, the states it stands in.
        ahead: of a running execution, the states that may still come and are no longer what they were.
    """

    name: str
    status: str
    differences: list[Difference] = field(default_factory=list)
    repeats: list[Repeat] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    way: list[str] = field(default_factory=list)
    then: str = ""
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
        return "\n".join(_told(self))


def _told(verdict: Verdict) -> Iterator[str]:
    running = f" (still running, in {', '.join(verdict.waits_in)})" if verdict.status == "RUNNING" else ""
    if verdict.same:
        yield f"{verdict.name}: same{' so far' if running else ''}{running}"
    else:
        first = verdict.differences[0]
        yield f"{verdict.name}: differs at {first.state}, after event {first.event}{running}"
    for line, count in Counter(f"  {each.state}: {each.how}" for each in verdict.differences).items():
        yield line if count == 1 else f"{line} ({count} times)"
    if verdict.way:
        yield f"  goes on: {' → '.join(verdict.way)}{verdict.then and ', and ' + verdict.then}"
    elif verdict.then:
        yield f"  goes to no other state, and {verdict.then}"
    for repeat in verdict.repeats:
        yield f"  repeats {repeat.task} in {repeat.state}, {repeat.kind}: {repeat.why}"
    for task in verdict.new:
        yield f"  new: {task}, which the recording never did (taken to answer {{}})"
    for task in verdict.dropped:
        yield f"  no longer done: {task}"
    if verdict.ahead:
        yield f"  changed ahead of it: {', '.join(verdict.ahead)}"
