"""A history as a tree: which states were visited in which branch or iteration, what each asked and was told.

An event says only which one it follows; where it belongs is worked out from there. The engine's own histories have the
same form, so a recording and its replay are read by the same code, and compared visit by visit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

PREFIXES = ("LambdaFunction", "Task", "Activity")
FAILURES = ("Failed", "ScheduleFailed", "StartFailed", "SubmitFailed")
Key = tuple[int, str | int]
"""Which branch: the round of its Parallel or Map, and its first state's name or its item's index."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event; JSON texts in its details are values already."""

    id: int
    kind: str
    at: float
    previous: int
    details: dict[str, Any]


@dataclass(slots=True)
class Try:
    """One attempt of a task.

    Attributes:
        scheduled: the event with which it began.
        task: the function, or the service's action.
        payload: what it was given.
        outcome: "succeeded", "failed" or "timed out"; empty while nobody knows.
        data: the result; or error and cause.
        settled: the event of the outcome.
    """

    scheduled: Event
    task: str
    payload: Any
    outcome: str = ""
    data: Any = None
    settled: int = 0

    @property
    def details(self) -> dict[str, Any]:
        return self.scheduled.details

    @property
    def invokes(self) -> bool:
        """True for a function that is called through ``lambda:invoke``, which wraps its command."""
        return self.details.get("resourceType") == "lambda" and self.details.get("resource") in (
            "invoke",
            "invoke.waitForTaskToken",
        )

    @property
    def is_wrapped(self) -> bool:
        """True where Lambda's envelope is around the answer too: not around that of a callback."""
        return self.invokes and self.details["resource"] == "invoke"

    @property
    def command(self) -> Any:
        """What the function itself is given, however it is called."""
        if self.invokes and isinstance(self.payload, dict):
            return self.payload.get("Payload", {})
        return self.payload

    @property
    def failed(self) -> bool:
        return self.outcome in ("failed", "timed out")


@dataclass(slots=True, eq=False)
class Visit:
    """One stay in a state, with its attempts and its branches.

    `rounds` counts how often a Parallel or Map began; `gave_up` holds after how many none was left; `own` are the ids
    of its events; `lengths` how many items a Map had each time.
    """

    name: str
    kind: str
    entered: Event
    line: Line
    index: int
    tries: list[Try] = field(default_factory=list)
    rounds: int = 0
    lines: dict[Key, Line] = field(default_factory=dict)
    gave_up: set[int] = field(default_factory=set)
    own: list[int] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    exited: Event | None = None

    @property
    def output(self) -> Any:
        return None if self.exited is None else self.exited.details.get("output")

    @property
    def attempts(self) -> int:
        """How often it has been tried, as a task or with all its branches."""
        return max(len(self.tries), self.rounds)

    @property
    def around(self) -> Iterator[Visit]:
        """The Parallels and Maps that it is in, the innermost first."""
        visit = self.line.parent
        while visit is not None:
            yield visit
            visit = visit.line.parent

    @property
    def is_current(self) -> bool:
        """False in what a Parallel or Map has left behind: it has gone on, or begun anew."""
        lines = [self.line, *(each.line for each in self.around)]
        return all(line.parent is None or line.parent.goes_on_in(line) for line in lines)

    def goes_on_in(self, line: Line) -> bool:
        return self.exited is None and line.key[0] == self.rounds

    def last_event(self, before: int) -> int:
        """The id of the last event that is its own, of those before another one."""
        return max(each for each in self.own if each < before or each == self.entered.id)


@dataclass(slots=True, eq=False)
class Line:
    """The visits of one branch, one iteration, or the machine itself, in order."""

    parent: Visit | None = None
    key: Key = (0, "")
    visits: list[Visit] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that came from outside: ``kind`` is "outcome", "again", "waited", "map run", "redriven", "aborted" or
    "timed out"; ``word`` and ``data`` are the outcome; ``number`` is the attempt's, from 0."""

    kind: str
    event: Event
    visit: Visit | None = None
    number: int = 0
    word: str = ""
    data: Any = None


class Visits:
    """The tree, event by event."""

    def __init__(self) -> None:
        self.root = Line()
        self.events: list[Event] = []
        self.happenings: list[Happening] = []
        self.all: list[Visit] = []
        self._owner: dict[int, Visit] = {}

    def add(self, event: Event) -> Visit | None:
        """Take the next event; returns the visit that it belongs to."""
        self.events.append(event)
        visit = self._place(event)
        if visit is not None:
            self._owner[event.id] = visit
            visit.own.append(event.id)
        self._notice_giving_up(event)
        return visit

    def _notice_giving_up(self, event: Event) -> None:
        """What follows a failed attempt and isn't another one says that none was left."""
        failed = self._owner.get(event.previous)
        if event.kind.endswith(("Scheduled", "StateAborted", "ExecutionAborted", "ExecutionTimedOut")):
            return
        if failed and failed.tries and failed.tries[-1].settled == event.previous and failed.tries[-1].failed:
            failed.gave_up.add(failed.attempts)
        fork = self._owner.get(event.id)
        if fork and event.kind in ("ParallelStateFailed", "MapStateFailed"):
            fork.gave_up.add(fork.attempts)

    def entered_at(self, event: int) -> Visit:
        """The visit that an event entered."""
        return self._owner[event]

    def before(self, event: Event) -> Event | None:
        return self.events[event.previous - 1] if 0 < event.previous < event.id else None

    def _place(self, event: Event) -> Visit | None:
        kind = event.kind
        if kind.endswith("StateEntered"):
            return self._enter(event)
        if kind.startswith("Execution"):
            self._execution(event)
            return None
        if kind.endswith("StateExited"):
            return self._exit(event)
        visit = self._named(event) or self._fork_of(event) or self._owner.get(event.previous)
        for prefix in PREFIXES:
            rest = kind.removeprefix(prefix)
            if kind.startswith(prefix) and not rest.startswith("State"):
                return self._task(event, rest, visit)
        if visit is not None:
            self._fork(event, visit)
        return visit

    def _execution(self, event: Event) -> None:
        kinds = {"ExecutionRedriven": "redriven", "ExecutionAborted": "aborted", "ExecutionTimedOut": "timed out"}
        if event.kind in kinds:
            self.happenings.append(Happening(kinds[event.kind], event))

    def _named(self, event: Event) -> Visit | None:
        """The visit of the state that an event's details name: the one around it, or the last that is still open."""
        name = event.details.get("name") or event.details.get("state")
        if not isinstance(name, str):
            return None
        visit = self._owner.get(event.previous)
        while visit is not None and visit.name != name:
            visit = visit.line.parent
        return visit or next((each for each in reversed(self.all) if each.name == name and not each.exited), None)

    def _fork_of(self, event: Event) -> Visit | None:
        """The Parallel or Map that ends, or begins anew, after the last event of one of its branches."""
        if not event.kind.endswith(("StateStarted", "StateSucceeded", "StateFailed")):
            return None
        visit, kind = self._owner.get(event.previous), event.kind.partition("State")[0]
        while visit is not None and (visit.kind != kind or visit.exited or visit.attempts in visit.gave_up):
            visit = visit.line.parent
        return visit

    def _enter(self, event: Event) -> Visit:
        line = self._line(event)
        kind = event.kind.removesuffix("StateEntered")
        visit = Visit(event.details["name"], kind, event, line, len(line.visits))
        line.visits.append(visit)
        self.all.append(visit)
        return visit

    def _line(self, event: Event) -> Line:
        before = self.before(event)
        around = None if before is None else self._owner.get(before.id)
        if before is None or around is None:
            return self.root
        if before.kind == "ParallelStateStarted":
            key: Key = (around.rounds, event.details["name"])
        elif before.kind == "MapIterationStarted":
            key = (around.rounds, before.details["index"])
        else:
            return around.line
        return around.lines.setdefault(key, Line(around, key))

    def _exit(self, event: Event) -> Visit | None:
        visit = self._named(event)
        if visit is not None:
            visit.exited = event
            if visit.kind == "Wait":
                self.happenings.append(Happening("waited", event, visit))
        return visit

    def _fork(self, event: Event, visit: Visit) -> None:
        if event.kind in ("ParallelStateStarted", "MapStateStarted"):
            visit.rounds += 1
            visit.lengths.append(event.details.get("length", 0))
            if visit.rounds > 1 and not self._after_redrive(event):
                self.happenings.append(Happening("again", event, visit, visit.rounds - 1))
        elif event.kind == "MapRunSucceeded":
            self.happenings.append(Happening("map run", event, visit, 0, "succeeded"))
        elif event.kind == "MapRunFailed":
            self.happenings.append(Happening("map run", event, visit, 0, "failed", _failure(event)))

    def _after_redrive(self, event: Event) -> bool:
        before = self.before(event)
        return before is not None and before.kind == "ExecutionRedriven"

    # Tasks.

    def _task(self, event: Event, what: str, visit: Visit | None) -> Visit | None:
        if what == "Scheduled":
            return self._scheduled(event, visit)
        if visit is None or not visit.tries:
            return visit
        attempt, number = visit.tries[-1], len(visit.tries) - 1
        word, data = "", None
        if what == "Succeeded":
            word, data = "succeeded", event.details.get("output")
        elif what in FAILURES:
            word, data = "failed", _failure(event)
        elif what == "TimedOut":
            word, data = "timed out", _failure(event)
        elif what == "Submitted":
            self.happenings.append(
                Happening("outcome", event, visit, number, "submitted", event.details.get("output", {}))
            )
        elif what == "Started" and event.kind == "ActivityStarted":
            worker = event.details.get("workerName")
            self.happenings.append(Happening("outcome", event, visit, number, "started", worker))
        if word:
            attempt.outcome, attempt.data, attempt.settled = word, data, event.id
            self.happenings.append(Happening("outcome", event, visit, number, word, data))
        return visit

    def _scheduled(self, event: Event, visit: Visit | None) -> Visit | None:
        attempt = Try(event, task_of(event), event.details.get("input", event.details.get("parameters")))
        if visit is None:
            visit = self._redriven(attempt)
        elif visit.tries:
            self.happenings.append(Happening("again", event, visit, len(visit.tries)))
        if visit is not None:
            visit.tries.append(attempt)
        return visit

    def _redriven(self, attempt: Try) -> Visit | None:
        """Who tries again after a redrive isn't said: of those that stand somewhere, the one most like it."""
        since = attempt.scheduled.previous
        tasks = (each for each in self.all if each.tries and each.exited is None)
        standing = [each for each in tasks if each.tries[-1].scheduled.id < since and each.is_current]
        fitting = [each for each in standing if each.tries[-1].task == attempt.task] or standing
        return max(fitting, key=lambda each: _alike(each.tries[-1].payload, attempt.payload), default=None)


def task_of(event: Event) -> str:
    """What a Scheduled event asks for: a function, an activity, or a service's action and what it is about."""
    details = event.details
    action = str(details.get("resource", ""))
    if "resourceType" not in details:
        return action
    parameters = details.get("parameters")
    given = parameters if isinstance(parameters, dict) else {}
    about = given.get("FunctionName") or given.get("StateMachineArn")
    if details["resourceType"] == "lambda" and about:
        return str(about)
    return ":".join(filter(None, (details["resourceType"], action, str(about or ""))))


def _failure(event: Event) -> dict[str, Any]:
    return {"error": event.details.get("error", ""), "cause": event.details.get("cause")}


def _alike(one: Any, other: Any) -> int:
    """How many fields of two payloads are equal."""
    return sum(a == b for a, b in zip(_leaves(one), _leaves(other), strict=False))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key in sorted(value):
            yield from _leaves(value[key])
    else:
        yield value
