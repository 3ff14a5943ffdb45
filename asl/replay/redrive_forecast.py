"""What a redrive would do, before anybody does it: which effects it repeats, which it leaves as they are, and why.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from asl.engine.clock import iso
from asl.engine.history import QUOTA
from asl.lint.config import Config
from asl.lint.flow import Flow, Node, Transition
from asl.lint.rules.errors import is_idempotent, task_declaration
from asl.replay.driver import REDRIVABLE, Lockstep
from asl.replay.recording import Recording
from asl.replay.verdict import Difference
from asl.replay.visits import Try, Visit

WINDOW = 14 * 86400
"""For so many seconds after an execution's end AWS redrives it."""


@dataclass(frozen=True)
class Step:
    """A state of the recording, and what a redrive means for it.

    Attributes:
        state, task: the state; what it asks for, empty where it asks for nothing.
        event: where the recording last tried it.
        outcome: how that went: "succeeded", "failed", "timed out", "unknown".
        happened: True if its effect is there, None if nobody knows.
        why: a sentence for people.
        safe: why it may be done twice, if that is declared.
    """

    state: str
    task: str
    event: int
    outcome: str
    happened: bool | None
    why: str
    safe: str = ""


@dataclass
class Foresight:
    """What a redrive of one recording would do.

    Attributes:
        refused: why it can't be redriven; empty where it can.
        until: up to when AWS redrives it.
        differences: where the definition isn't the one that the recording ran under; then nothing is foreseen.
        again: what runs again at once.
        may: what was done and can come again further on.
        kept: what is done, or was given up and caught, and isn't come back to.
    """

    name: str
    status: str
    refused: str = ""
    until: str = ""
    differences: list[Difference] = field(default_factory=list)
    again: list[Step] = field(default_factory=list)
    may: list[Step] = field(default_factory=list)
    kept: list[Step] = field(default_factory=list)

    @property
    def safe(self) -> bool:
        """True if it can be redriven and every effect that it may repeat is declared safe to run twice."""
        repeated = [step for step in (*self.again, *self.may) if step.task and step.happened is not False]
        return not self.refused and not self.differences and all(step.safe for step in repeated)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "safe": self.safe}

    def __str__(self) -> str:
        return "\n".join(_told(self))


def foresee(recording: Recording, definition: Mapping[str, Any], config: Config | None = None) -> Foresight:
    """What a redrive of the recorded execution would do. Raises InvalidDefinition and BadHistory.

    `definition` is the one that the execution ran under, as AWS redrives no other; `config` is the linter's.
    """
    seen = Foresight(recording.name, recording.status, _refusal(recording))
    seen.until = iso(recording.events[-1].at + WINDOW)
    lockstep = Lockstep(recording, definition)
    lockstep.run()
    seen.differences = lockstep.differences
    if not seen.refused and not lockstep.parted:
        _Outlook(lockstep, Flow(recording.name, definition), config or Config(), seen).look()
    return seen


def _refusal(recording: Recording) -> str:
    if recording.running:
        return "it still runs"
    if recording.status not in REDRIVABLE:
        return f"it is {recording.status}, and only what failed, timed out or was aborted can be redriven"
    if len(recording.events) >= QUOTA - 1:
        return f"its history holds {len(recording.events)} events, and a redrive needs room for more"
    return ""


class _Outlook:
    """One redrive, tried on the replayed execution."""

    def __init__(self, lockstep: Lockstep, flow: Flow, config: Config, seen: Foresight) -> None:
        self.lockstep = lockstep
        self.flow = flow
        self.config = config
        self.seen = seen
        self.visits = lockstep.recording.visits.all

    def look(self) -> None:
        again = self._redriven()
        for visit in again:
            self.seen.again += [self._step(visit, self._why_again(visit)), *self._children(visit)]
        found: dict[tuple[str, str, str], list[Visit]] = {}
        for visit in self._done():
            if visit not in again:
                key = visit.name, visit.tries[-1].outcome, self._comes_back(again, visit)
                found.setdefault(key, []).append(visit)
        for (_, _, back), visits in found.items():
            why = back or "the redrive begins after it, and no way leads back"
            step = self._step(visits[-1], why if len(visits) == 1 else f"in {len(visits)} iterations, {why}")
            (self.seen.may if back else self.seen.kept).append(step)

    def _redriven(self) -> list[Visit]:
        """The recorded visits that a redrive takes up again, in order."""
        execution, theirs = self.lockstep.execution, self.lockstep.comparison.theirs
        before = len(execution.visits.events)
        execution.redrive(self.lockstep.recording.events[-1].at)
        self.lockstep.comparison.follow()
        taken = {branch.entered for branch in execution.standing()}
        for visit in execution.visits.all:
            if any(
                each.id > before for each in (visit.exited, *(t.scheduled for t in visit.tries)) if each is not None
            ):
                taken.add(visit.entered.id)
        return sorted((theirs[each] for each in taken if each in theirs), key=lambda visit: visit.entered.id) or [
            next(visit for visit in reversed(self.visits) if visit.exited is None and visit.is_current)
        ]

    def _done(self) -> Iterator[Visit]:
        """The last visit of each task, in each iteration."""
        last = {(visit.name, *self._place(visit)): visit for visit in self.visits if visit.tries}
        yield from sorted(last.values(), key=lambda visit: visit.entered.id)

    @staticmethod
    def _place(visit: Visit) -> tuple[str | int, ...]:
        lines = [visit.line, *(each.line for each in visit.around)]
        return tuple(line.key[1] for line in lines)

    def _children(self, visit: Visit) -> Iterator[Step]:
        """The tasks in a distributed Map, whose Map Run is redriven too; its children have their own histories."""
        node = self.flow.nodes[visit.name]
        if node.spec.get("ItemProcessor", {}).get("ProcessorConfig", {}).get("Mode") != "DISTRIBUTED":
            return
        for task in self.flow.tasks:
            if task.parent is node:
                why = f"the children of {visit.name} that failed are redriven: look into their own histories"
                asked = task.function or str(task.spec["Resource"])
                yield Step(task.name, asked, visit.entered.id, "unknown", None, why, self._safety(task))

    def _safety(self, node: Node) -> str:
        told = task_declaration(node, self.config)
        if told.idempotent:
            return f"{told.idempotent}, under {', '.join(told.key)}" if told.key else told.idempotent
        return "it only reads, or starts an execution under a name" if is_idempotent(node, self.config) else ""

    def _step(self, visit: Visit, why: str) -> Step:
        if not visit.tries:
            return Step(visit.name, "", visit.entered.id, visit.kind, False, why)
        last = visit.tries[-1]
        safe = self._safety(self.flow.nodes[visit.name])
        return Step(visit.name, last.task, last.scheduled.id, last.outcome or "unknown", _happened(visit), why, safe)

    def _why_again(self, visit: Visit) -> str:
        execution = self.lockstep.execution
        if not execution.running and not visit.tries:
            return f"it fails again at once, with {execution.error}: a redrive changes nothing"
        if not visit.tries:
            return "the execution stood there"
        return f"{_how(visit.tries[-1])}; it is tried anew, with all its retries"

    def _comes_back(self, again: list[Visit], visit: Visit) -> str:
        """How a redrive can come to a visit that it doesn't begin with; empty if it can't."""
        shared = [around for around in visit.around if any(around in each.around for each in again)]
        beside = bool(shared) and all(visit.line is not each.line for each in again)
        standing = [shared[0]] if beside else again
        way = self._way_back(list(dict.fromkeys(each.name for each in standing)), visit, into=not beside)
        retried = next((around.name for around in shared if self._is_retried(around)), "")
        if not way and retried:
            return f"can come again if something fails: {retried} has a Retry, and begins anew with all that is in it"
        return way

    def _is_retried(self, visit: Visit) -> bool:
        return any(each.get("MaxAttempts", 3) != 0 for each in self.flow.nodes[visit.name].retriers)

    def _way_back(self, standing: list[str], visit: Visit, *, into: bool) -> str:
        """How those states lead to another; into the branches of the first or only past them."""
        for undisturbed in (True, False):
            for name in standing:
                way = self._way(name, visit.name, undisturbed=undisturbed, into=into)
                if way:
                    when = "can come again" if undisturbed else "can come again if something fails"
                    return f"{when}: {' → '.join(way)}"
        return ""

    def _way(self, start: str, to: str, *, undisturbed: bool, into: bool) -> list[str] | None:
        def follow(edge: Transition) -> bool:
            return edge.errors is None or not undisturbed

        edges = [edge for edge in self.flow.transitions[start] if into or edge.field != "StartAt"]
        starts = [edge.target for edge in edges if follow(edge)]
        way = self.flow.shortest_path(starts, lambda name: name == to, follow=follow)
        return None if way is None else [start, *way]


def _happened(visit: Visit) -> bool | None:
    """Whether the effect of a task is there: an attempt that failed or went unheard may have had it."""
    return True if any(each.outcome == "succeeded" for each in visit.tries) else None


def _how(attempt: Try) -> str:
    if attempt.outcome == "failed":
        return f"it failed with {attempt.data['error'] or 'an error without a name'}"
    if attempt.outcome == "timed out":
        return "it timed out, maybe after its effect"
    return "it succeeded" if attempt.outcome else "it was stopped before its answer came, maybe after its effect"


def _told(seen: Foresight) -> Iterator[str]:
    if seen.refused:
        yield f"{seen.name}: can't be redriven: {seen.refused}"
        return
    yield f"{seen.name}: {seen.status}, can be redriven until {seen.until}"
    for each in seen.differences:
        yield f"  not the definition that it ran under: {each.state}: {each.how}"
    for title, steps in (("runs again", seen.again), ("may run again", seen.may), ("stays as it is", seen.kept)):
        for step in steps:
            yield f"  {title}: {step.state}{_outcome_of(step)}: {step.why}{_safety_of(step, kept=steps is seen.kept)}"


def _outcome_of(step: Step) -> str:
    return f" ({step.outcome}, event {step.event})" if step.task else ""


def _safety_of(step: Step, *, kept: bool) -> str:
    if kept or not step.task:
        return ""
    return f"; safe: {step.safe}" if step.safe else "; nothing says that it is safe to run twice"
