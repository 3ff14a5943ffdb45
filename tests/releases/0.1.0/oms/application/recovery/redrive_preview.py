"""What a redriven execution will still do to its order: the very rules that its tasks decide by, with nothing written.

The carrier and the gateway are taken to agree; where they don't, an execution turns off this way, or parks again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import reduce

from oms.application.recovery.resume_plan import IN_PARTS, PROOFS, RULES, TOKEN, WAYS, Resumption, way
from oms.domain import cancelling, errors
from oms.domain import events as e
from oms.domain.change import Change, recorded
from oms.domain.fold import apply
from oms.domain.order import Order, ReturnStatus


class Verdict(StrEnum):
    RUNS = "runs"
    """It writes what no book has yet."""
    SKIPPED = "skipped"
    """Its effect is in the books: it finds it there."""
    ASKS = "asks again"
    """It asks outside what may be asked again, and waits where there is something to wait for."""
    REFUSED = "refused"
    """Its rule turns it away, as the order stands."""
    DEPENDS = "depends"
    """What it does, and all that follows, nobody knows yet."""


@dataclass(frozen=True)
class Step:
    """A state on the way. ``effects`` are the ids of what it writes to the ledgers of money and stock."""

    state: str
    verdict: Verdict
    why: str
    effects: tuple[str, ...] = ()


def rehearse(order: Order, history: Sequence[e.Recorded], it: Resumption, now: datetime) -> Iterator[Step]:
    """Every state that the execution comes by from its parking on, and what each will do."""
    parked = order.parked[it.execution]
    order = _after(order, Change((e.OrderResumed(it.execution, parked.visit, parked.redrive_count + 1),)), now)
    for state in WAYS[it.machine].get(way(order, it), ()):
        if state == "Settle":
            settlement = cancelling.settlement(order, it.cancellation_id)
            state = {"void": "VoidAuthorization", "refund": "RefundPayment"}.get(settlement, "")
        if state:
            step, order = _rehearsed(state, order, history, it, now)
            yield step
            if step.verdict is Verdict.DEPENDS or (step.verdict is Verdict.REFUSED and not _goes_on(step)):
                return


def _rehearsed(
    state: str, order: Order, history: Sequence[e.Recorded], it: Resumption, now: datetime
) -> tuple[Step, Order]:
    if state in ASKED:
        return ASKED[state](order), order
    if state == "InspectItems" and order.returns[it.return_id].status is ReturnStatus.AUTHORIZED:
        return Step(
            state, Verdict.DEPENDS, "what the warehouse finds in the parcel decides this and all after it"
        ), order
    try:
        done = list(_changes(state, order, it, now))
    except errors.OmsError as error:
        return Step(state, Verdict.REFUSED, f"{type(error).__name__}: {error}"), order
    after = done[-1][1] if done else order
    changes = [change for change, _ in done]
    events = [event.name for change in changes for event in change.events]
    if events:
        effects = tuple(effect_id for change in changes for effect_id in change.effects)
        return Step(state, Verdict.RUNS, f"will write {', '.join(events)}", effects), after
    why = _evidence(state, history, it)
    if changes and changes[0].waits:
        return Step(state, Verdict.ASKS, f"{why}; it asks the carrier again, who acts once, and waits for word"), after
    return Step(state, Verdict.SKIPPED, why), after


def _changes(state: str, order: Order, it: Resumption, now: datetime) -> Iterator[tuple[Change, Order]]:
    """What the state's rule decides, again and again where it works in parts, and the order after each."""
    rule = RULES[state]
    while change := rule(order, it):
        order = _after(order, change, now)
        yield change, order
        if state not in IN_PARTS:
            return


def _after(order: Order, change: Change, now: datetime) -> Order:
    return reduce(apply, recorded(order, change, now, TOKEN), order)


def _evidence(state: str, history: Sequence[e.Recorded], it: Resumption) -> str:
    """The event by which the books know that a state's work is done."""
    for each in reversed(history):
        if isinstance(each.event, PROOFS.get(state, ())) and _is_about(each.event, it):
            return f"{each.event.name} is event {each.sequence}, of {each.at.isoformat()}, by {each.by}"
    return "there is nothing for it to do"


def _is_about(event: e.Event, it: Resumption) -> bool:
    own = {"cancellation_id": it.cancellation_id, "return_id": it.return_id, "effect_id": it.effect_id}
    return all(getattr(event, name, mine) == mine for name, mine in own.items())


def _goes_on(step: Step) -> bool:
    """True where the machine goes on though it was turned away: that has happened, or other things are still due."""
    past = ("AlreadyDispatched", "AlreadyDelivered", "AlreadyReceived")
    return step.why.startswith(past) or step.state in ("VoidAuthorization", "ReleaseInventory")


def _started(order: Order) -> Step:
    return Step("StartFulfillment", Verdict.ASKS, f"FulfillOrder {order.id} is started once, however often it is asked")


def _recalled(order: Order) -> Step:
    if not cancelling.has_shipment(order):
        return Step("RecallShipment", Verdict.SKIPPED, "the carrier was never asked to ship")
    return Step(
        "RecallShipment", Verdict.ASKS, "the carrier decides once between recall and dispatch, and says so again"
    )


ASKED: Mapping[str, Callable[[Order], Step]] = {"StartFulfillment": _started, "RecallShipment": _recalled}
