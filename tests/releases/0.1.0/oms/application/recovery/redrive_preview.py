"""What a redrive would do to a parked order: the steps of its states, decided in turn on a copy of the order.

Nothing is written, and nothing is called but a look-up at the gateway. The carrier and the gateway are assumed to
agree; where they don't, the execution takes another path, or parks again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property, reduce
from inspect import signature
from typing import Any

from oms.application.commit import Decision
from oms.application.recovery.parked_execution import ParkedExecution
from oms.application.recovery.replacement import NOTHING_LEFT, can_be_redriven, parked_execution
from oms.application.steps.payments import is_done_at_gateway
from oms.application.steps.registry import STEPS
from oms.domain import cancellation_rules, parking
from oms.domain import events as e
from oms.domain.change import Change, recorded
from oms.domain.errors import OmsError
from oms.domain.fold import apply
from oms.domain.order import Order, ReturnStatus, execution_key
from oms.domain.payment import PaymentRecord
from oms.ports import Deps

TOKEN = "preview"
NOT_IN_INPUT: Mapping[str, Any] = {"task_token": TOKEN, "error": "", "reason": "", "tracking": "", "conditions": {}}
"""Arguments that no input determines. What a step decides here doesn't depend on them."""
IDS = ("cancellation_id", "return_id", "effect_id")


class PreviewVerdict(StrEnum):
    """What a state will do."""

    RUNS = "runs"
    """It writes something new."""
    SKIPPED = "skipped"
    """Its work is done: it writes nothing."""
    ASKS = "asks again"
    """It repeats a call that may be repeated, and waits if there is something to wait for."""
    REFUSED = "refused"
    """Its step raises an error, as the order stands."""
    DEPENDS = "depends"
    """What it does, and all that follows, is not known yet."""


@dataclass(frozen=True)
class StatePreview:
    """``effects`` are the ids of what the state writes to the ledgers."""

    state: str
    verdict: PreviewVerdict
    why: str
    effects: tuple[str, ...] = ()


@dataclass(frozen=True)
class RedrivePreview:
    """What a redrive of one execution would do. ``way`` is forward, backward, refund, superseded or none."""

    order_id: str
    execution: str
    way: str
    why: str
    steps: tuple[StatePreview, ...] = ()


def preview_redrive(deps: Deps, order: Order) -> list[RedrivePreview]:
    """One preview for each execution, or check, that has parked the order."""
    return [_preview(deps, order, parker) for parker in order.parked]


def found_by_check(order: Order, check: str) -> str:
    return f"{check} found: {order.parked[check].cause}"


def _preview(deps: Deps, order: Order, parker: str) -> RedrivePreview:
    if not parking.is_execution(parker):
        return RedrivePreview(order.id, parker, "none", found_by_check(order, parker))
    execution = deps.executions.find(*execution_key(parker).split(":"))
    if execution is not None and execution.is_running:
        return RedrivePreview(order.id, parker, "none", "it goes on already")
    parked = parked_execution(deps, order, parker, execution)
    if parked is None:
        return RedrivePreview(order.id, parker, "none", NOTHING_LEFT)
    why = f"it is {execution.status}" if execution else "Step Functions has forgotten it"
    if not can_be_redriven(execution):
        why += ", too old to be redriven: another takes its place"
    return RedrivePreview(order.id, parker, parked.direction(order), why, tuple(_Simulation(deps, order, parked).run()))


class _Simulation:
    """Runs the steps of a parked execution's states on a copy of its order."""

    def __init__(self, deps: Deps, order: Order, parked: ParkedExecution) -> None:
        self.deps = deps
        self.parked = parked
        self.now: datetime = deps.clock.now()
        self.history: Sequence[e.Recorded] = deps.orders.events(order.id)
        self.stored_order = order
        visit, redrive_count = order.parked[parked.arn].visit, order.parked[parked.arn].redrive_count
        self.order = self._after(order, Change((e.OrderResumed(parked.arn, visit, redrive_count + 1),)))

    def run(self) -> Iterator[StatePreview]:
        state = self.parked.next_task("ParkOrder", self._value)
        while state:
            preview, error = self._preview_state(state)
            yield preview
            if preview.verdict is PreviewVerdict.DEPENDS:
                return
            state = self.parked.next_task(state, self._value, error)

    def _value(self, variable: str) -> str:
        """Of a variable on which a Choice decides."""
        if variable == "$.taken.settlement":
            return cancellation_rules.settlement(self.order, self.parked.arguments("TakeOrder")["cancellation_id"])
        return self.parked.direction(self.order)

    def _preview_state(self, state: str) -> tuple[StatePreview, str]:
        """The preview, and the error that the state raises, if any."""
        arguments = self.parked.arguments(state)
        if machine := self.parked.started_machine(state):
            why = f"{machine} {arguments['Name']} is started once, however often it is asked"
            return StatePreview(state, PreviewVerdict.ASKS, why), ""
        if state == "InspectItems" and self.order.returns[arguments["return_id"]].status is ReturnStatus.AUTHORIZED:
            why = "what the warehouse finds in the parcel decides this and all after it"
            return StatePreview(state, PreviewVerdict.DEPENDS, why), ""
        try:
            decisions = self._decide(state, arguments)
        except OmsError as error:
            name = type(error).__name__
            return StatePreview(state, PreviewVerdict.REFUSED, f"{name}: {error}"), name
        return self._explain(state, arguments, decisions), ""

    def _decide(self, state: str, arguments: Mapping[str, Any]) -> list[Decision]:
        """What the state's step decides, part by part, until it writes no more events. Moves the order on."""
        step = STEPS[state]
        values = {**NOT_IN_INPUT, "now": self.now, **arguments}
        keywords = {name: values[name] for name in signature(step).parameters if name in values}
        decisions: list[Decision] = []
        while True:
            decided = step(self.order, **keywords)
            decision = Decision(decided) if isinstance(decided, Change) else decided
            if decisions and not decision.change.events:
                return decisions
            decisions.append(decision)
            if not decision.change.events:
                return decisions
            self.order = self._after(self.order, decision.change)

    def _explain(self, state: str, arguments: Mapping[str, Any], decisions: Sequence[Decision]) -> StatePreview:
        first, events = decisions[0], [event for each in decisions for event in each.change.events]
        if events:
            why = f"will write {', '.join(event.name for event in events)}"
            if first.call is not None:
                why += self._at_gateway(events)
            effects = tuple(effect_id for each in decisions for effect_id in each.change.effects)
            return StatePreview(state, PreviewVerdict.RUNS, why, effects)
        why = self._proof(state, arguments)
        if first.change.waits:
            why += "; it asks the carrier again, who acts once, and waits for word"
            return StatePreview(state, PreviewVerdict.ASKS, why)
        if first.call is not None:
            why = "the carrier decides once between recall and dispatch, and says so again"
            return StatePreview(state, PreviewVerdict.ASKS, why)
        return StatePreview(state, PreviewVerdict.SKIPPED, why)

    def _at_gateway(self, events: Sequence[e.Event]) -> str:
        """Whether the gateway has done what is to be recorded, though its answer was lost."""
        is_done = any(is_done_at_gateway(event, self._payment) for event in events)
        return "; the gateway has done it, and does it once" if is_done else "; the gateway has not done it"

    @cached_property
    def _payment(self) -> PaymentRecord | None:
        order = self.stored_order
        return self.deps.payments.find(order.payment_request) if order.is_priced else None

    def _proof(self, state: str, arguments: Mapping[str, Any]) -> str:
        """The event that shows that a state's work is done."""
        ids = {name: arguments[name] for name in IDS if name in arguments}
        for each in reversed(self.history):
            is_about = all(getattr(each.event, name, value) == value for name, value in ids.items())
            if isinstance(each.event, STEPS[state].proofs) and is_about:
                return f"{each.event.name} is event {each.sequence}, of {each.at.isoformat()}, by {each.by}"
        return "there is nothing for it to do"

    def _after(self, order: Order, change: Change) -> Order:
        return reduce(apply, recorded(order, change, self.now, TOKEN), order)
