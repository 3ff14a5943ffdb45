"""Checks of an order's records with independent facts: the requests, the reviews, and the carrier's parcels.

Records may agree with each other and still be wrong: a review was left out, a parcel wasn't inspected, a refund went to
the wrong account.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from itertools import chain
from typing import Any

from asl.engine.execution import Execution
from oms.adapters.memory.edges import Parcel, ShipmentRecord
from oms.adapters.memory.payments import MemoryPayments
from oms.domain import events as e
from oms.domain.credit import RefundTo
from oms.domain.errors import AlreadyDispatched, OutOfStock, PaymentDeclined, ReviewExpired
from oms.domain.inventory import StockEntry
from oms.domain.order import Order, Return, ReturnStatus, Status, execution_key

RISKY_CARD, REVIEW_ABOVE_MINOR = "pm_card_riskLevelElevated", 50_000
"""An order with this card, or above this price, is reviewed."""
HELD_FOR = timedelta(days=7)
"""How long an authorization holds a card."""
REFUNDED, SOLD_AGAIN = ("new", "opened", "defective"), ("new",)
"""Conditions of returned units that are refunded, and that are sold again."""
CONFIRMED_OR_LATER = (Status.CONFIRMED, Status.SHIPPED, Status.DELIVERED)
ONCE = frozenset(
    (
        *(e.OrderPlaced, e.OrderConfirmed, e.OrderAbandoned, e.OrderRejected, e.OrderDelivered, e.OrderLost),
        *(e.PaymentAuthorized, e.PaymentVoided, e.PaymentCaptured, e.ShipmentRequested),
        *(e.ReviewRequested, e.ReviewDecided, e.CancellationStarted, e.CancellationRefused, e.OrderCancelled),
        *(e.ReturnAuthorized, e.ItemsInspected, e.ReturnClosed),
    )
)
"""Events that happen once for an order, a cancellation or a return."""


def of_order(order: Order, history: Sequence[e.Recorded]) -> Iterator[str]:
    """Contradictions among an order's own events."""
    events = [each.event for each in history]
    placed = events[0]
    assert isinstance(placed, e.OrderPlaced)
    goods = sum(line.total_minor - line.discount_minor + line.tax_minor for line in placed.lines)
    agreed = goods + placed.shipping_minor + placed.shipping_tax_minor
    if placed.shipping_method and order.total.minor != agreed:
        yield f"price: {order.id} is to cost {order.total.minor}, and {agreed} was agreed"
    needs_review = placed.payment_method == RISKY_CARD or agreed > REVIEW_ABOVE_MINOR
    if needs_review and order.status in CONFIRMED_OR_LATER and not order.is_approved:
        yield f"review: {order.id} is {order.status}, and nobody approved of it"
    if order.reason == "defect" and not order.resumed:
        yield f"rest: {order.id} is {order.status} for a defect, and no operator has let it"
    kinds = [type(each) for each in events]
    if e.ReturnAuthorized in kinds and e.OrderDelivered not in kinds[: kinds.index(e.ReturnAuthorized)]:
        yield f"goods: {order.id} has promised to take back what had not come"
    if len(set(subjects := [_subject(each) for each in events if type(each) in ONCE])) < len(subjects):
        yield f"once: {order.id} says twice what happens once: {subjects}"
    for each in order.returns.values():
        yield from _of_refund(order, each, events)
    promised = sum(each.credit_minor for each in order.returns.values() if not order.is_refunded(each.refund_id))
    if order.payment.refunded and order.credited + promised < order.credit_minor:
        yield f"credit: {order.id} refunded its card before the store credit that had paid"


def _subject(event: e.Event) -> tuple[str, str]:
    about = vars(event)
    return event.name, about.get("cancellation_id") or about.get("return_id", "")


def _of_refund(order: Order, requested: Return, events: Sequence[e.Event]) -> Iterator[str]:
    """The refund goes where the return says, and is made before the goods are restocked."""
    name = requested.return_id
    if requested.refund_to is RefundTo.STORE_CREDIT and requested.credit_minor != requested.refund_minor:
        yield f"refund: {name} is wished as store credit, and {requested.credit_minor} of {requested.refund_minor} is"
    refunds = (e.PaymentRefunded, e.CreditGiven)
    refunded = next(
        (n for n, each in enumerate(events) if isinstance(each, refunds) and each.effect_id == requested.refund_id), 0
    )
    shelved = next(
        (n for n, each in enumerate(events) if isinstance(each, e.ItemsRestocked) and each.return_id == name), 0
    )
    if shelved and requested.refund_minor and not 0 < refunded < shelved:
        yield f"refund: {name} was back on the shelf before it was refunded"
    if not refunded:
        return
    card, credit = order.refunds.get(requested.refund_id, 0), order.credits.get(requested.refund_id, 0)
    if (card, credit) != (requested.refund_minor - requested.credit_minor, requested.credit_minor):
        yield f"refund: {name} gave {card} to the card and {credit} of credit, of {requested.refund_minor} in all"


def of_times(order: Order, history: Sequence[e.Recorded]) -> Iterator[str]:
    """Without a lasting fault, no order waits too long, and none is given up too early."""
    if order.reason == ReviewExpired.type() and order.review and history[-1].at.isoformat() < order.review.deadline:
        yield f"review: {order.id} is {order.reason} before its deadline"
    at = {type(each.event): each.at for each in history}
    if e.PaymentCaptured in at and at[e.PaymentCaptured] - at[e.PaymentAuthorized] > HELD_FOR:
        yield f"money: {order.id} was captured when its card was held no more"


def of_keys(order: Order, effects: Iterable[str]) -> Iterator[str]:
    """Every effect id begins with the id of its order, cancellation or return."""
    owners = {order.id, *order.cancellations, *order.returns}
    for effect_id in effects:
        if effect_id.partition(":")[0] not in owners:
            yield f"key: {effect_id} of {order.id} doesn't say whose it is"


def of_shipment(order: Order, shipment: ShipmentRecord, recipient: Mapping[str, str] | None) -> Iterator[str]:
    """The carrier's shipment of an order at rest. It has no recipient if it was recalled before it was requested."""
    ours = {line.sku: line.shipped for line in order.lines if line.shipped}
    left = shipment.status in ("dispatched", "delivered", "lost")
    if ours != ({units.sku: units.quantity for units in shipment.units} if left else {}):
        yield f"goods: {order.id} is {order.status}, and {shipment.units} is {shipment.status}"
    ends = {Status.DELIVERED: "delivered", Status.LOST: "lost"}
    if ends.get(order.status, shipment.status) != shipment.status:
        yield f"goods: {order.id} is {order.status}, and the carrier says {shipment.status}"
    if recipient is not None and recipient != order.recipient:
        yield f"goods: {order.id} goes to {recipient}"


def of_refusals(order: Order, history: Sequence[e.Recorded], left_at: float | None) -> Iterator[str]:
    """A cancellation is refused for goods that have left only after they have."""
    too_late = AlreadyDispatched.__name__
    refusals = [(each.at, each.event) for each in history if isinstance(each.event, e.CancellationRefused)]
    for at, name in [(at, event.cancellation_id) for at, event in refusals if event.reason == too_late]:
        if left_at is None or at.timestamp() < left_at - 1:
            yield f"answer: {name} of {order.id} was refused, and nothing had left"


def of_rejections(orders: Sequence[Order], entries: Iterable[StockEntry]) -> Iterator[str]:
    """A declined card is one of those that decline, and a product out of stock was ordered more often than received."""
    demand = Counter[str]()
    for order in orders:
        demand.update({line.sku: line.quantity for line in order.lines})
    for entry in entries:
        if entry.order_id is None:
            demand.subtract({movement.sku: movement.on_hand for movement in entry.movements})
    for order in orders:
        if order.reason == OutOfStock.type() and not any(demand[line.sku] > 0 for line in order.lines):
            yield f"answer: {order.id} is {order.reason}, and there is enough for all"
        if order.reason == PaymentDeclined.type() and "Declined" not in order.payment_method:
            yield f"answer: {order.id} is {order.reason}, and its card is good"


def of_parcel(order: Order, return_id: str, parcel: Parcel) -> Iterator[str]:
    """The inspection is the warehouse's, unit by unit; or the order is parked, since the parcel came too late."""
    requested = order.returns[return_id]
    if parcel.conditions is None or requested.status is ReturnStatus.AUTHORIZED:
        return
    if requested.outcome in ("expired", "refused"):
        if not any(return_id in parked.cause for parked in order.parked.values()):
            yield f"goods: {return_id} came back, it was {requested.outcome}, and nobody knows of it"
        return
    for taken, accepted in ((requested.accepted, REFUNDED), (requested.to_restock, SOLD_AGAIN)):
        due = {sku: sum(each in accepted for each in units) for sku, units in parcel.conditions.items()}
        if {units.sku: units.quantity for units in taken} != {sku: count for sku, count in due.items() if count}:
            yield f"goods: {return_id} came back as {dict(parcel.conditions)}, and {taken} were {accepted}"


def of_execution(order: Order, execution: Execution) -> Iterator[str]:
    """An execution did what its input says, and its output is the outcome."""
    request, machine = execution.input, execution.machine.name
    begun = order.cancellations.get(request.get("cancellation_id", ""))
    if begun is not None and begun.lines and not (begun.whole and not request["lines"]):
        yield from _differing(begun.cancellation_id, _units(request["lines"]), _units(map(asdict, begun.lines)))
    opened = order.returns.get(request.get("return_id", ""))
    if opened is not None and opened.lines:
        wished = [*_units(request["lines"]), request["refund_to"]]
        yield from _differing(opened.return_id, wished, [*_units(map(asdict, opened.lines)), opened.refund_to.value])
    if machine in ("NewOrder", "FulfillOrder") and execution.name != order.id:
        yield f"key: {execution_key(execution.arn)} works on {order.id}, and would not be found"
    outcome = execution.output["outcome"] if execution.status == "SUCCEEDED" else "superseded"
    if outcome != "superseded" and outcome not in _outcomes(order, machine, request):
        yield f"answer: {execution_key(execution.arn)} says {outcome}, and {order.id} is {order.status}"


def _outcomes(order: Order, machine: str, request: Mapping[str, Any]) -> Sequence[str]:
    """The outcomes that agree with the order's state."""
    if machine == "CancelOrder":
        return [each.outcome for name, each in order.cancellations.items() if name == request["cancellation_id"]]
    if machine == "ReturnOrder":
        return [each.outcome for name, each in order.returns.items() if name == request["return_id"]]
    came_through = (*CONFIRMED_OR_LATER, Status.CANCELLED, Status.LOST)
    return ("confirmed" if machine == "NewOrder" and order.status in came_through else "", order.status.value)


def _units(lines: Iterable[Mapping[str, Any]]) -> list[tuple[str, int]]:
    return sorted((line["sku"], line["quantity"]) for line in lines)


def _differing(what: str, requested: object, begun: object) -> Iterator[str]:
    if requested != begun:
        yield f"request: {what} is of {begun}, and {requested} was requested"


def effects_of(order_id: str, store: Any, payments: MemoryPayments) -> Iterator[str]:
    """The effect ids of an order, in the ledgers and at the gateway."""
    yield from (entry.effect_id for entry in store.money.get(order_id, ()))
    ledgers = store.entries.values(), store.code_uses.values(), (booked.entry for booked in store.credit.values())
    yield from (entry.effect_id for entry in chain(*ledgers) if entry.order_id == order_id)
    yield from (entry.effect_id for entry in payments.ledger if entry.order_id == order_id and entry.effect_id)
