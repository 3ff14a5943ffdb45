"""A recording and the new definition's own history, compared visit by visit as the latter grows."""

from __future__ import annotations

import re
from typing import Any, NoReturn

from asl.engine.states.error_handling import Backoff
from asl.replay.calls import integration, payloads
from asl.replay.differences import ABSENT, Leaf, cut, leaves, said
from asl.replay.driven import Driven
from asl.replay.recording import Recording
from asl.replay.verdict import Difference
from asl.replay.visits import Line, Visit

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_WHERE = re.compile(r"^An error occurred while executing the state '.*' \(entered at the event id #\d+\)\. ")
_ENTERED = re.compile(r" \(entered at the event id #\d+\)")


class Parted(Exception):
    """From here on the recording says nothing about the new definition."""


class Ahead(Exception):
    """The recording was cut where the new definition can still go on by itself."""


class Comparison:
    """What is the same, and what isn't.

    Attributes:
        theirs: the recorded visit for each of the new ones, by the event that entered it; `ours` the other way round.
        differences: in order.
        closed: the recorded branches, and those around them, of which nothing can be learned any more.
        horizon: the recorded event up to which it has gone: a redrive that is still to come, or the end.
    """

    def __init__(self, recording: Recording, execution: Driven) -> None:
        self.recording = recording
        self.execution = execution
        self.theirs: dict[int, Visit] = {}
        self.ours: dict[int, Visit] = {}
        self.differences: list[Difference] = []
        self.closed: set[int] = set()
        self.horizon = 0
        self._reported: set[str] = set()
        self._held: tuple[Visit, list[str]] | None = None
        self.look_ahead()

    def look_ahead(self) -> None:
        """Go on past a redrive, up to the next one."""
        events = self.recording.events
        redrives = (each.id for each in events[self.horizon :] if each.kind == "ExecutionRedriven")
        self.horizon = next(redrives, len(events) + 1)

    def catch_up(self) -> None:
        """Compare what the new definition has done since the last time. Raises Parted and Ahead."""
        for event, visit in self.execution.news():
            if visit is not None and event is visit.entered:
                self._visit(visit)
            self._say_held()
            if visit is None:
                continue
            theirs = self.theirs[visit.entered.id]
            if visit.tries and event is visit.tries[-1].scheduled:
                self._attempt(theirs, visit)
            elif event.kind in ("MapStateStarted", "MapRunStarted") and theirs.lines:
                self._items(theirs, visit, event.kind)
            elif event is visit.exited and theirs.exited is not None:
                self._output(theirs, visit)
        self._say_held()
        self._giving_up()

    def _visit(self, ours: Visit) -> None:
        line, last = self._line(ours)
        theirs = line.visits[ours.index] if ours.index < len(line.visits) else None
        if theirs is None or theirs.entered.id > self.horizon:
            if self.recording.running and theirs is None and self.horizon > len(self.recording.events):
                raise Ahead
            self.part(last, f"the recording {self._stop(last)}; it goes on to {ours.name}", ours.name)
        if theirs.name != ours.name:
            self.part(last, f"the recording goes to {theirs.name}, it goes to {ours.name}", ours.name)
        if theirs.kind != ours.kind:
            how = f"it was a {theirs.kind} state, it is a {ours.kind} state"
            self.part(theirs, how, after=theirs.entered.previous)
        self.theirs[ours.entered.id] = theirs
        self.ours[theirs.entered.id] = ours

    def _line(self, ours: Visit) -> tuple[Line, Visit | None]:
        """The recorded branch that a new visit should be in, and the recorded visit before it."""
        parent = ours.line.parent
        if parent is None:
            line, last = self.recording.visits.root, None
        else:
            last = self.theirs[parent.entered.id]
            line = last.lines.get(ours.line.key, Line(last))
            if not line.visits and (not self.recording.running or _has_gone_on(last)):
                self.part(last, f"the recording {_never_begins(last, ours)}; it has", after=last.entered.id)
        return line, line.visits[ours.index - 1] if ours.index else last

    def _stop(self, visit: Visit | None) -> str:
        """How the recording stops after a visit that both made."""
        tries = [each for each in visit.tries if each.scheduled.id < self.horizon] if visit is not None else []
        if not tries or not tries[-1].failed:
            return "ends there"
        return f"fails there with {tries[-1].data['error'] or 'an error without a name'}"

    def _attempt(self, theirs: Visit, ours: Visit) -> None:
        if len(ours.tries) > len(theirs.tries):
            return
        new, old = ours.tries[-1], theirs.tries[len(ours.tries) - 1]
        found = [said(leaf) for leaf in leaves(*payloads(old, new), self.equal)]
        if old.task != new.task:
            found.insert(0, f"{old.task} was asked, {new.task} is")
        elif integration(old) != integration(new):
            found.insert(0, f"it was asked through {integration(old)}, it is through {integration(new)}")
        limits = ("timeoutInSeconds", "heartbeatInSeconds")
        before, now = ({field: each.details.get(field, ABSENT) for field in limits} for each in (old, new))
        found += [said(leaf).removeprefix("$.") for leaf in leaves(before, now, self.equal)]
        if found:
            how = f"the task is asked something else: {'; '.join(found)}"
            self.note(theirs, "asks", how, after=old.scheduled.previous)

    def _items(self, theirs: Visit, ours: Visit, kind: str) -> None:
        """Of a Map that the recording runs inside the execution."""
        after = theirs.entered.id
        if kind == "MapRunStarted":
            self.part(theirs, "the recording runs its items itself; it gives each an execution of its own", after=after)
        if len(ours.lengths) <= len(theirs.lengths):
            before, now = theirs.lengths[len(ours.lengths) - 1], ours.lengths[-1]
            if before != now:
                self.part(theirs, f"the recording goes through {before} items, it through {now}", after=after)

    def _output(self, theirs: Visit, ours: Visit) -> None:
        """What was reported of one state, and is only handed on by the next, isn't reported again.

        It is held back until the next state is known: on another way other data are no news.
        """
        found = [said(leaf) for leaf in leaves(theirs.output, ours.output, self.equal) if not self._known(leaf)]
        if found:
            self._reported |= set(found)
            self._held = theirs, found

    def _say_held(self) -> None:
        if self._held is not None:
            theirs, found = self._held
            self._held = None
            after = theirs.exited.previous if theirs.exited is not None else None
            self.note(theirs, "hands on", f"it hands on other data: {'; '.join(found)}", after=after)

    def _known(self, leaf: Leaf) -> bool:
        return said(leaf) in self._reported

    def _giving_up(self) -> None:
        """It is about to try again what the recording didn't."""
        for _, _, owner in self.execution.waiting():
            if isinstance(owner, Backoff):
                theirs, ours = self.theirs[owner.thread.entered], self.execution.visits.entered_at(owner.thread.entered)
                if ours.attempts in theirs.gave_up:
                    last = theirs.tries[ours.attempts - 1].settled if theirs.tries else None
                    self.part(theirs, "the recording gives up there; it tries again", after=last)

    def equal(self, old: Any, new: Any) -> bool:
        """Two leaves that only chance or time tells apart."""
        if not isinstance(old, str) or not isinstance(new, str):
            return type(old) is type(new) and bool(old == new)
        if new in self.execution.volatile:
            return bool(_TIME.fullmatch(old)) == bool(_TIME.fullmatch(new))
        if _UUID.fullmatch(old) and _UUID.fullmatch(new):
            return new not in self.recording.text
        return _ENTERED.sub("", old) == _ENTERED.sub("", new)

    # The end.

    def ends(self) -> None:
        """Nothing more happened to the recording: both should have come to the same end."""
        execution, recording = self.execution, self.recording
        self.gap()
        if execution.status == recording.status:
            self._last_words()
        elif execution.running:
            where = ", ".join(branch.state.name for branch in execution.standing())
            self.part(self.last, f"the recording is {recording.status}; it still runs, in {where}", kind="ends")
        else:
            self.part(self.last, f"the recording is {recording.status}; it is {execution.status}", kind="ends")

    def _last_words(self) -> None:
        if self.recording.running:
            return
        details = self.recording.events[-1].details
        for field, now in (("error", self.execution.error), ("cause", self.execution.cause)):
            before = details.get(field) or None
            if before != now and not self.equal(before, now):
                self.note(self.last, "ends", f"the {field} was {before}, is {now}")

    def gap(self) -> None:
        """Part at the first state of the recording that the new definition never came to, if there is one."""
        for visit in self.recording.visits.all:
            if visit.entered.id not in self.ours:
                if visit.index == 0 and visit.line.parent is not None:
                    around = visit.line.parent
                    it = self.doing if self.execution.error else "it hasn't"
                    self.part(around, f"the recording {_begins(around, visit)}; {it}", after=around.entered.id)
                before = visit.line.visits[visit.index - 1] if visit.index else None
                self.part(before, f"the recording goes to {visit.name}; {self.doing}", visit.name)

    @property
    def doing(self) -> str:
        """What the new definition does where it doesn't do as the recording."""
        execution = self.execution
        if execution.running:
            return "it doesn't"
        if not execution.error:
            return f"it ends, {execution.status}"
        cause = _WHERE.sub("", execution.cause or "")
        return f"it is {execution.status} with {execution.error}{cause and ': ' + cut(cause, 240)}"

    @property
    def last(self) -> Visit | None:
        """The last visit that both made."""
        return next((each for each in reversed(self.recording.visits.all) if each.entered.id in self.ours), None)

    def part(
        self, visit: Visit | None, how: str, state: str = "", kind: str = "flow", after: int | None = None
    ) -> NoReturn:
        self.note(visit, kind, how, state, after)
        self._close(self.recording.visits.root if visit is None else visit.line)
        raise Parted

    def _close(self, line: Line) -> None:
        around: Line | None = line
        while around is not None:
            self.closed.add(id(around))
            around = around.parent.line if around.parent else None

    def follow(self) -> None:
        """Read what the new definition has done since, without judging it."""
        for event, visit in self.execution.news():
            if visit is not None and event is visit.entered:
                self._go_along(visit)

    def _go_along(self, ours: Visit) -> None:
        """After a parting: pair a visit in a branch that goes the recorded way still; else close the branch too."""
        parent = ours.line.parent
        around = self.recording.visits.root if parent is None else None
        if parent is not None and parent.entered.id in self.theirs:
            around = self.theirs[parent.entered.id].lines.get(ours.line.key)
        if around is None or id(around) in self.closed:
            return
        theirs = around.visits[ours.index] if ours.index < len(around.visits) else None
        if theirs is not None and (theirs.name, theirs.kind) == (ours.name, ours.kind):
            self.theirs[ours.entered.id], self.ours[theirs.entered.id] = theirs, ours
        else:
            self._close(around)

    def note(self, visit: Visit | None, kind: str, how: str, state: str = "", after: int | None = None) -> None:
        """Note a difference after a recorded event; after the visit's last one, unless told otherwise."""
        name = visit.name if visit is not None else state or self.execution.machine.graph.start.name
        if after is None:
            after = visit.last_event(self.horizon) if visit is not None else 0
        self.differences.append(Difference(name, after, kind, how))


def _has_gone_on(fork: Visit) -> bool:
    """True if something has come to pass in a Parallel, so that whatever branches it has, they have begun."""
    first = [line.visits[0] for line in fork.lines.values()]
    return fork.kind == "Parallel" and any(
        each.exited is not None or any(attempt.outcome for attempt in each.tries) for each in first
    )


def _never_begins(fork: Visit, ours: Visit) -> str:
    if fork.kind == "Map":
        return f"hasn't begun with item {ours.line.key[1]}"
    return f"hasn't begun any branch with {ours.name}"


def _begins(fork: Visit, theirs: Visit) -> str:
    if fork.kind == "Map":
        return f"has begun with item {theirs.line.key[1]} by then"
    return f"has begun a branch with {theirs.name}"
