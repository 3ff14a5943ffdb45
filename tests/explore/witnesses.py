"""What an order's books are held against beside each other: who asked, who agreed, and who saw the goods.

Books agree with themselves also where all of them are wrong alike: where a review was left out, a parcel never looked
into, a refund sent to another place than was wished.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from itertools import chain
from typing import Any

from asl.engine.execution import Execution
from oms.adapters.memory_edges import Parcel, Shipment
from oms.adapters.memory_payments import MemoryPayments
from oms.domain import events as e
from oms.domain.credit import RefundTo
from oms.domain.errors import AlreadyDispatched, OutOfStock, PaymentDeclined, ReviewExpired
from oms.domain.inventory import StockEntry
from oms.domain.order import Order, Return, ReturnStatus, Status, called

RISKY, DEAR = "pm_card_riskLevelElevated", 50_000
"""The card, and the price above which, that a person looks at an order for."""
HELD_FOR = timedelta(days=7)
"""So long a card is held for an authorization, and no longer."""
REFUNDED, SOLD_AGAIN = ("new", "opened", "defective"), ("new",)
"""Of the conditions that units come back in."""
GOES_ON = (Status.CONFIRMED, Status.SHIPPED, Status.DELIVERED)
ONCE = frozenset(
    (
        *(e.OrderPlaced, e.OrderConfirmed, e.OrderAbandoned, e.OrderRejected, e.OrderDelivered, e.OrderLost),
        *(e.PaymentAuthorized, e.PaymentVoided, e.PaymentCaptured, e.ShipmentRequested),
        *(e.ReviewRequested, e.ReviewDecided, e.CancellationStarted, e.CancellationRefused, e.OrderCancelled),
        *(e.ReturnAuthorized, e.ItemsInspected, e.ReturnClosed),
    )
)
"""Events that come once an order, or once a cancellation or a return."""


def of_order(order: Order, history: Sequence[e.Recorded]) -> Iterator[str]:
    """What is wrong with an order by its own events."""
    told = [each.event for each in history]
    placed = told[0]
    assert isinstance(placed, e.OrderPlaced)
    goods = sum(line.total_minor - line.discount_minor + line.tax_minor for line in placed.lines)
    agreed = goods + placed.shipping_minor + placed.shipping_tax_minor
    if placed.shipping_method and order.total.minor != agreed:
        yield f"price: {order.id} is to cost {order.total.minor}, and {agreed} was agreed"
    needs_review = placed.payment_method == RISKY or agreed > DEAR
    if needs_review and order.status in GOES_ON and not order.is_approved:
        yield f"review: {order.id} is {order.status}, and nobody approved of it"
    if order.reason == "defect" and not order.resumed:
        yield f"rest: {order.id} is {order.status} for a defect, and no operator has let it"
    kinds = [type(each) for each in told]
    if e.ReturnAuthorized in kinds and e.OrderDelivered not in kinds[: kinds.index(e.ReturnAuthorized)]:
        yield f"goods: {order.id} has promised to take back what had not come"
    if len(set(subjects := [_subject(each) for each in told if type(each) in ONCE])) < len(subjects):
        yield f"once: {order.id} says twice what happens once: {subjects}"
    for known in order.returns.values():
        yield from _of_refund(order, known, told)
    promised = sum(known.credit_minor for known in order.returns.values() if not order.is_refunded(known.refund_id))
    if order.payment.refunded and order.credited + promised < order.credit_minor:
        yield f"credit: {order.id} refunded its card before the store credit that had paid"


def _subject(event: e.Event) -> tuple[str, str]:
    about = vars(event)
    return event.name, about.get("cancellation_id") or about.get("return_id", "")


def _of_refund(order: Order, known: Return, told: Sequence[e.Event]) -> Iterator[str]:
    """It goes where its return says, which is where it was wished; and before the goods are sold again."""
    name = known.return_id
    if known.refund_to is RefundTo.STORE_CREDIT and known.credit_minor != known.refund_minor:
        yield f"refund: {name} is wished as store credit, and {known.credit_minor} of {known.refund_minor} is"
    back = (e.PaymentRefunded, e.CreditGiven)
    refunded = next(
        (n for n, each in enumerate(told) if isinstance(each, back) and each.effect_id == known.refund_id), 0
    )
    shelved = next(
        (n for n, each in enumerate(told) if isinstance(each, e.ItemsRestocked) and each.return_id == name), 0
    )
    if shelved and known.refund_minor and not 0 < refunded < shelved:
        yield f"refund: {name} was back on the shelf before it was refunded"
    if not refunded:
        return
    card, credit = order.refunds.get(known.refund_id, 0), order.credits.get(known.refund_id, 0)
    if (card, credit) != (known.refund_minor - known.credit_minor, known.credit_minor):
        yield f"refund: {name} gave {card} to the card and {credit} of credit, of {known.refund_minor} in all"


def of_times(order: Order, history: Sequence[e.Recorded]) -> Iterator[str]:
    """Where no trouble is in the way, nobody leaves an order lying too long, or gives it up too early."""
    if order.reason == ReviewExpired.type() and order.review and history[-1].at.isoformat() < order.review.deadline:
        yield f"review: {order.id} is {order.reason} before its deadline"
    at = {type(each.event): each.at for each in history}
    if e.PaymentCaptured in at and at[e.PaymentCaptured] - at[e.PaymentAuthorized] > HELD_FOR:
        yield f"money: {order.id} was captured when its card was held no more"


def of_keys(order: Order, effects: Iterable[str]) -> Iterator[str]:
    """Every effect id begins with whose it is: an order's, a cancellation's or a return's."""
    owners = {order.id, *order.cancellations, *order.returns}
    for effect_id in effects:
        if effect_id.partition(":")[0] not in owners:
            yield f"key: {effect_id} of {order.id} doesn't say whose it is"


def of_shipment(order: Order, shipment: Shipment, recipient: Mapping[str, str] | None) -> Iterator[str]:
    """What the carrier knows of an order that is at rest; of a recall that came before the request, no recipient."""
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
    """Nobody is told that the goods have left before they have."""
    too_late = AlreadyDispatched.__name__
    refusals = [(each.at, each.event) for each in history if isinstance(each.event, e.CancellationRefused)]
    for at, name in [(at, event.cancellation_id) for at, event in refusals if event.reason == too_late]:
        if left_at is None or at.timestamp() < left_at - 1:
            yield f"answer: {name} of {order.id} was refused, and nothing had left"


def of_rejections(orders: Sequence[Order], entries: Iterable[StockEntry]) -> Iterator[str]:
    """Cards that are declined say so, and what is out of stock is wanted more often than it came in."""
    wanted = Counter[str]()
    for order in orders:
        wanted.update({line.sku: line.quantity for line in order.lines})
    for entry in entries:
        if entry.order_id is None:
            wanted.subtract({movement.sku: movement.on_hand for movement in entry.movements})
    for order in orders:
        if order.reason == OutOfStock.type() and not any(wanted[line.sku] > 0 for line in order.lines):
            yield f"answer: {order.id} is {order.reason}, and there is enough for all"
        if order.reason == PaymentDeclined.type() and "Declined" not in order.payment_method:
            yield f"answer: {order.id} is {order.reason}, and its card is good"


def of_parcel(order: Order, return_id: str, parcel: Parcel) -> Iterator[str]:
    """What the warehouse found is what was inspected, unit by unit; or an operator knows that it came too late."""
    known = order.returns[return_id]
    if parcel.conditions is None or known.status is ReturnStatus.AUTHORIZED:
        return
    if known.outcome in ("expired", "refused"):
        if not any(return_id in parked.cause for parked in order.parked.values()):
            yield f"goods: {return_id} came back, it was {known.outcome}, and nobody knows of it"
        return
    for taken, wanted in ((known.accepted, REFUNDED), (known.to_restock, SOLD_AGAIN)):
        due = {sku: sum(each in wanted for each in found) for sku, found in parcel.conditions.items()}
        if {units.sku: units.quantity for units in taken} != {sku: count for sku, count in due.items() if count}:
            yield f"goods: {return_id} came back as {dict(parcel.conditions)}, and {taken} were {wanted}"


def of_execution(order: Order, execution: Execution) -> Iterator[str]:
    """It did what it was asked, and says what came of it."""
    asked, machine = execution.input, execution.machine.name
    begun = order.cancellations.get(asked.get("cancellation_id", ""))
    if begun is not None and begun.lines and not (begun.whole and not asked["lines"]):
        yield from _differing(begun.cancellation_id, _units(asked["lines"]), _units(map(asdict, begun.lines)))
    opened = order.returns.get(asked.get("return_id", ""))
    if opened is not None and opened.lines:
        wished = [*_units(asked["lines"]), asked["refund_to"]]
        yield from _differing(opened.return_id, wished, [*_units(map(asdict, opened.lines)), opened.refund_to.value])
    if machine in ("NewOrder", "FulfillOrder") and execution.name != order.id:
        yield f"key: {called(execution.arn)} works on {order.id}, and would not be found"
    said = execution.output["outcome"] if execution.status == "SUCCEEDED" else "superseded"
    if said != "superseded" and said not in _outcomes(order, machine, asked):
        yield f"answer: {called(execution.arn)} says {said}, and {order.id} is {order.status}"


def _outcomes(order: Order, machine: str, asked: Mapping[str, Any]) -> Sequence[str]:
    """What may be said of an order as it is."""
    if machine == "CancelOrder":
        return [each.outcome for name, each in order.cancellations.items() if name == asked["cancellation_id"]]
    if machine == "ReturnOrder":
        return [each.outcome for name, each in order.returns.items() if name == asked["return_id"]]
    came_through = (*GOES_ON, Status.CANCELLED, Status.LOST)
    return ("confirmed" if machine == "NewOrder" and order.status in came_through else "", order.status.value)


def _units(lines: Iterable[Mapping[str, Any]]) -> list[tuple[str, int]]:
    return sorted((line["sku"], line["quantity"]) for line in lines)


def _differing(what: str, asked: object, begun: object) -> Iterator[str]:
    if asked != begun:
        yield f"asked: {what} is of {begun}, and {asked} was asked"


def effects_of(order_id: str, store: Any, payments: MemoryPayments) -> Iterator[str]:
    """The ids of all that was done for an order, in the books and at the gateway."""
    yield from (entry.effect_id for entry in store.money.get(order_id, ()))
    ledgers = store.entries.values(), store.code_uses.values(), (booked.entry for booked in store.credit.values())
    yield from (entry.effect_id for entry in chain(*ledgers) if entry.order_id == order_id)
    yield from (entry.effect_id for entry in payments.ledger if entry.order_id == order_id and entry.effect_id)
