"""The redrive forecast: which effects a redrive would repeat, which it would leave as they are, and why.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from asl.engine.clock import iso
from asl.engine.execution import REDRIVABLE_SECONDS, REDRIVABLE_STATUSES
from asl.engine.history import QUOTA
from asl.lint.config import Config
from asl.lint.flow import Flow, Node, Transition
from asl.lint.rules.errors import is_idempotent, task_declaration
from asl.replay.history.recording import Recording
from asl.replay.history.task_attempt import TaskAttempt
from asl.replay.history.visits import StateVisit
from asl.replay.replay_driver import ReplayDriver
from asl.replay.result import ReplayDifference


@dataclass(frozen=True)
class StateForecast:
    """What a redrive means for a recorded state.

    Attributes:
        state, task: the state and its task, which is empty for a state without one.
        event: the last recorded attempt.
        outcome: of that attempt: "succeeded", "failed", "timed out", "unknown".
        had_effect: True if its effect happened, None if that is unknown.
        reason: a sentence for people.
        safety: why it may run twice, if that is declared.
    """

    state: str
    task: str
    event: int
    outcome: str
    had_effect: bool | None
    reason: str
    safety: str = ""


@dataclass
class RedriveForecast:
    """What a redrive of one recording would do.

    Attributes:
        refusal: why it can't be redriven; empty if it can.
        until: when AWS stops to redrive it.
        differences: from the definition that the recording ran under; if there are any, there is no forecast.
        again: what runs again at once.
        maybe_again: what ran, and may run again later in the execution.
        unchanged: what ran, or was given up and caught, and doesn't run again.
    """

    name: str
    status: str
    refusal: str = ""
    until: str = ""
    differences: list[ReplayDifference] = field(default_factory=list)
    again: list[StateForecast] = field(default_factory=list)
    maybe_again: list[StateForecast] = field(default_factory=list)
    unchanged: list[StateForecast] = field(default_factory=list)

    @property
    def safe(self) -> bool:
        """True if it can be redriven and every effect that it may repeat is declared safe to run twice."""
        repeated = [each for each in (*self.again, *self.maybe_again) if each.task and each.had_effect is not False]
        return not self.refusal and not self.differences and all(each.safety for each in repeated)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "safe": self.safe}

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def forecast_redrive(
    recording: Recording, definition: Mapping[str, Any], config: Config | None = None
) -> RedriveForecast:
    """Forecast a redrive of the recorded execution. Raises InvalidDefinition and InvalidHistory.

    `definition` is the one that the execution ran under, because AWS redrives under no other; `config` is the linter's.
    """
    forecast = RedriveForecast(recording.name, recording.status, _refusal(recording))
    forecast.until = iso(recording.events[-1].at + REDRIVABLE_SECONDS)
    driver = ReplayDriver(recording, definition)
    driver.run()
    forecast.differences = driver.differences
    if not forecast.refusal and not driver.diverged:
        _Forecaster(driver, Flow(recording.name, definition), config or Config(), forecast).run()
    return forecast


def _refusal(recording: Recording) -> str:
    if recording.running:
        return "it still runs"
    if recording.status not in REDRIVABLE_STATUSES:
        return f"it is {recording.status}, and only what failed, timed out or was aborted can be redriven"
    if len(recording.events) >= QUOTA - 1:
        return f"its history has {len(recording.events)} events, and a redrive needs room for more"
    return ""


class _Forecaster:
    """Redrives the replayed execution, and adds what that means to the forecast."""

    def __init__(self, driver: ReplayDriver, flow: Flow, config: Config, forecast: RedriveForecast) -> None:
        self.driver = driver
        self.flow = flow
        self.config = config
        self.forecast = forecast
        self.visits = driver.recording.tree.visits

    def run(self) -> None:
        redriven = self._redriven_visits()
        for visit in redriven:
            self.forecast.again += [self._state_forecast(visit, self._redrive_reason(visit)), *self._children(visit)]
        groups: dict[tuple[str, str, str], list[StateVisit]] = {}
        for visit in self._last_task_visits():
            if visit not in redriven:
                key = visit.name, visit.attempts[-1].outcome, self._return_reason(redriven, visit)
                groups.setdefault(key, []).append(visit)
        for (_, _, return_reason), visits in groups.items():
            reason = return_reason or "the redrive starts after it, and no path leads back"
            reason = reason if len(visits) == 1 else f"in {len(visits)} iterations, {reason}"
            states = self.forecast.maybe_again if return_reason else self.forecast.unchanged
            states.append(self._state_forecast(visits[-1], reason))

    def _redriven_visits(self) -> list[StateVisit]:
        """The recorded visits that a redrive continues, in order."""
        execution, recorded = self.driver.execution, self.driver.comparison.recorded
        last_event = len(execution.tree.events)
        execution.redrive(self.driver.recording.events[-1].at)
        self.driver.comparison.pair_new_visits()
        entered = {*execution.waiting_states()}
        for visit in execution.tree.visits:
            events = (visit.exited, *(attempt.scheduled for attempt in visit.attempts))
            if any(event.id > last_event for event in events if event is not None):
                entered.add(visit.entered.id)
        redriven = (recorded[event_id] for event_id in entered if event_id in recorded)
        return sorted(redriven, key=lambda visit: visit.entered.id) or [
            next(visit for visit in reversed(self.visits) if visit.exited is None and visit.is_current)
        ]

    def _last_task_visits(self) -> Iterator[StateVisit]:
        """The last visit of each task, in each iteration."""
        last = {(visit.name, *self._thread_path(visit)): visit for visit in self.visits if visit.attempts}
        yield from sorted(last.values(), key=lambda visit: visit.entered.id)

    @staticmethod
    def _thread_path(visit: StateVisit) -> tuple[str | int, ...]:
        threads = [visit.thread, *(each.thread for each in visit.enclosing)]
        return tuple(thread.key[1] for thread in threads)

    def _children(self, visit: StateVisit) -> Iterator[StateForecast]:
        """The tasks in a distributed Map: its Map Run is redriven too, and its children have their own histories."""
        node = self.flow.nodes[visit.name]
        if node.spec.get("ItemProcessor", {}).get("ProcessorConfig", {}).get("Mode") != "DISTRIBUTED":
            return
        for task in self.flow.tasks:
            if task.parent is node:
                reason = f"the failed children of {visit.name} are redriven: see their own histories"
                called = task.function or str(task.spec["Resource"])
                yield StateForecast(task.name, called, visit.entered.id, "unknown", None, reason, self._safety(task))

    def _safety(self, node: Node) -> str:
        declaration = task_declaration(node, self.config)
        if declaration.idempotent:
            keys = f", under {', '.join(declaration.key)}" if declaration.key else ""
            return f"{declaration.idempotent}{keys}"
        return "it only reads, or starts an execution under a name" if is_idempotent(node, self.config) else ""

    def _state_forecast(self, visit: StateVisit, reason: str) -> StateForecast:
        if not visit.attempts:
            return StateForecast(visit.name, "", visit.entered.id, visit.kind, False, reason)
        last = visit.attempts[-1]
        outcome, safety = last.outcome or "unknown", self._safety(self.flow.nodes[visit.name])
        return StateForecast(visit.name, last.task, last.scheduled.id, outcome, _had_effect(visit), reason, safety)

    def _redrive_reason(self, visit: StateVisit) -> str:
        execution = self.driver.execution
        if not execution.running and not visit.attempts:
            return f"it fails again at once, with {execution.error}: a redrive changes nothing"
        if not visit.attempts:
            return "the execution was in this state"
        return f"{_outcome_text(visit.attempts[-1])}; it is tried again, with all its retries"

    def _return_reason(self, redriven: list[StateVisit], visit: StateVisit) -> str:
        """How a redrive can return to a visit; empty if it can't."""
        shared = [parent for parent in visit.enclosing if any(parent in each.enclosing for each in redriven)]
        is_sibling = bool(shared) and all(visit.thread is not each.thread for each in redriven)
        current = [shared[0]] if is_sibling else redriven
        reason = self._path_reason(list(dict.fromkeys(each.name for each in current)), visit, into=not is_sibling)
        retried = next((parent.name for parent in shared if self._is_retried(parent)), "")
        if not reason and retried:
            return f"can run again if something fails: {retried} has a Retry, which restarts everything inside it"
        return reason

    def _is_retried(self, visit: StateVisit) -> bool:
        return any(each.get("MaxAttempts", 3) != 0 for each in self.flow.nodes[visit.name].retriers)

    def _path_reason(self, current: list[str], visit: StateVisit, *, into: bool) -> str:
        """The path from a current state to the visit; through its own branches only if `into`."""
        for without_errors in (True, False):
            for name in current:
                path = self._path(name, visit.name, without_errors=without_errors, into=into)
                if path:
                    when = "can run again" if without_errors else "can run again if something fails"
                    return f"{when}: {' → '.join(path)}"
        return ""

    def _path(self, start: str, to: str, *, without_errors: bool, into: bool) -> list[str] | None:
        def follow(edge: Transition) -> bool:
            return edge.errors is None or not without_errors

        edges = [edge for edge in self.flow.transitions[start] if into or edge.field != "StartAt"]
        starts = [edge.target for edge in edges if follow(edge)]
        path = self.flow.shortest_path(starts, lambda name: name == to, follow=follow)
        return None if path is None else [start, *path]


def _had_effect(visit: StateVisit) -> bool | None:
    """True if an attempt succeeded. A failed attempt may have had its effect too."""
    return True if any(each.outcome == "succeeded" for each in visit.attempts) else None


def _outcome_text(attempt: TaskAttempt) -> str:
    if attempt.outcome == "failed":
        return f"it failed with {attempt.data['error'] or 'an error without a name'}"
    if attempt.outcome == "timed out":
        return "it timed out, maybe after its effect"
    return "it succeeded" if attempt.outcome else "it was stopped before its result, maybe after its effect"


def _lines(forecast: RedriveForecast) -> Iterator[str]:
    if forecast.refusal:
        yield f"{forecast.name}: can't be redriven: {forecast.refusal}"
        return
    yield f"{forecast.name}: {forecast.status}, can be redriven until {forecast.until}"
    for each in forecast.differences:
        yield f"  not the definition that it ran under: {each.state}: {each.description}"
    for title, states in (("runs again", forecast.again), ("may run again", forecast.maybe_again)):
        for state in states:
            yield f"  {title}: {state.state}{_outcome_note(state)}: {state.reason}{_safety_note(state)}"
    for state in forecast.unchanged:
        yield f"  stays as it is: {state.state}{_outcome_note(state)}: {state.reason}"


def _outcome_note(state: StateForecast) -> str:
    return f" ({state.outcome}, event {state.event})" if state.task else ""


def _safety_note(state: StateForecast) -> str:
    if not state.task:
        return ""
    return f"; safe: {state.safety}" if state.safety else "; it isn't declared safe to run twice"
