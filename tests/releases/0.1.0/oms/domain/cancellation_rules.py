"""Rules of a cancellation, of a whole order or of lines. Either it or the shipment wins, never both."""

from __future__ import annotations

from collections.abc import Sequence

from oms.domain import errors, payment_rules
from oms.domain.change import NOTHING, Change
from oms.domain.events import CancellationRefused, CancellationStarted, LinesCancelled, OrderCancelled, Units
from oms.domain.order import Cancellation, Order, ShipmentStatus, Status, duplicate_sku, with_units
from oms.domain.payment import PaymentStatus

CANCELLABLE = (Status.PLACED, Status.RESERVED, Status.AUTHORIZED, Status.CONFIRMED)


def take(order: Order, cancellation_id: str, lines: Sequence[Units], reason: str, request_id: str = "") -> Change:
    """Takes the order for one cancellation: of ``lines``, or without lines of everything that is open."""
    cancellation = order.cancellations.get(cancellation_id)
    if cancellation is not None:
        if cancellation.outcome == "refused":
            raise errors.OrderNotCancellable(f"order {order.id} was given back: {cancellation_id} came too late")
        return NOTHING
    if order.status not in CANCELLABLE:
        raise errors.OrderNotCancellable(f"order {order.id} is {order.status}")
    if order.parked:
        raise errors.OrderTaken(f"order {order.id} waits for an operator")
    if order.taken_by or order.abandoned:
        raise errors.OrderTaken(f"order {order.id} is being {'rejected' if order.abandoned else 'cancelled'}")
    chosen, whole = _chosen(order, lines)
    return Change((CancellationStarted(cancellation_id, chosen, whole, reason, request_id),))


def _chosen(order: Order, lines: Sequence[Units]) -> tuple[tuple[Units, ...], bool]:
    opened = order.open_units()
    if not lines:
        return opened, True
    if sku := duplicate_sku(lines):
        raise errors.OrderNotCancellable(f"{sku} is in more than one line")
    for units in lines:
        line = order.line(units.sku)
        if line is None or not 0 < units.quantity <= line.open:
            raise errors.OrderNotCancellable(f"order {order.id} has no {units.quantity} open of {units.sku}")
    if sorted(lines, key=lambda u: u.sku) == sorted(opened, key=lambda u: u.sku):
        return opened, True
    if order.status is not Status.CONFIRMED:
        raise errors.OrderNotCancellable(f"order {order.id} is not confirmed yet: cancel it whole, or wait")
    if payment_rules.is_charged(order) and not with_units(order, lines, cancelled=1).due.minor:
        # the gateway can't capture zero, and a cancellation of lines doesn't void the payment
        raise errors.OrderNotCancellable(f"what would be left of order {order.id} costs nothing: cancel it whole")
    return tuple(lines), False


def settlement(order: Order, cancellation_id: str) -> str:
    """How the payment is settled: ``void``, ``refund``, or ``none`` for lines, since less will be captured."""
    if not order.cancellations[cancellation_id].whole:
        return "none"
    return "refund" if order.payment.status is PaymentStatus.CAPTURED else "void"


def _is_settled(order: Order) -> bool:
    payment = order.payment
    if payment.status is PaymentStatus.CAPTURED:
        return payment.captured == payment.refunded
    return payment.status is PaymentStatus.VOIDED


def has_shipment(order: Order) -> bool:
    """True if a shipment is requested, or about to be."""
    return order.shipment is not ShipmentStatus.NONE


def complete(order: Order, cancellation_id: str, reason: str) -> Change:
    """Completes a cancellation. Raises ``CompensationIncomplete`` if stock or money of it is still held."""
    cancellation = _held(order, cancellation_id)
    if cancellation.outcome == "cancelled":
        return NOTHING
    leaving = {units.sku: units.quantity for units in cancellation.lines}
    if any(line.held > line.open - leaving.get(line.sku, 0) for line in order.lines):
        raise errors.CompensationIncomplete(f"order {order.id} still holds stock")
    if cancellation.whole and not (order.released and _is_settled(order)):
        raise errors.CompensationIncomplete(f"order {order.id} may still hold stock or money")
    events = LinesCancelled(cancellation_id, cancellation.lines), OrderCancelled(cancellation_id, reason)
    if not cancellation.whole:
        due = with_units(order, cancellation.lines, cancelled=1).due
        excess = order.credit_held - max(0, due.minor - order.charge.minor)
        return payment_rules.give_credit(order, Change(events), excess, f"{cancellation_id}:credit-back")
    change = Change(events, codes=order.code_given_back())
    return payment_rules.give_credit(order, change, order.credit_held, f"{order.id}:credit-back")


def give_back(order: Order, cancellation_id: str, reason: str) -> Change:
    """Refuses a cancellation, and gives the order back if the cancellation holds it. It can't take the order later."""
    if cancellation_id in order.cancellations:
        cancellation = _held(order, cancellation_id)
    else:
        cancellation = Cancellation(cancellation_id, (), whole=False)
    if cancellation.outcome == "refused":
        return NOTHING
    if cancellation.outcome:
        raise errors.UnexpectedState(f"{cancellation_id} is {cancellation.outcome}")
    return Change((CancellationRefused(cancellation_id, reason),))


def _held(order: Order, cancellation_id: str) -> Cancellation:
    cancellation = order.cancellations.get(cancellation_id)
    if cancellation is None or (not cancellation.outcome and order.taken_by != cancellation_id):
        raise errors.UnexpectedState(f"order {order.id} is not held by {cancellation_id}")
    return cancellation
