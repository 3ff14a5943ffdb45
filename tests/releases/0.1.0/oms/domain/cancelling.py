"""Taking an order back before it ships, whole or by line. One winner against shipping and confirming."""

from __future__ import annotations

from collections.abc import Sequence

from oms.domain import errors, paying
from oms.domain.change import NOTHING, Change
from oms.domain.events import CancellationRefused, CancellationStarted, LinesCancelled, OrderCancelled, Units
from oms.domain.order import Cancellation, Order, ShipmentStatus, Status, named_twice, with_units
from oms.domain.payment import PaymentStatus

CANCELLABLE = (Status.PLACED, Status.RESERVED, Status.AUTHORIZED, Status.CONFIRMED)


def take(order: Order, cancellation_id: str, lines: Sequence[Units], reason: str, request_id: str = "") -> Change:
    """Hold the order for one cancellation: of ``lines``, or of all that is open where none are named."""
    known = order.cancellations.get(cancellation_id)
    if known is not None:
        if known.outcome == "refused":
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
    if sku := named_twice(lines):
        raise errors.OrderNotCancellable(f"{sku} is in more than one line")
    for units in lines:
        line = order.line(units.sku)
        if line is None or not 0 < units.quantity <= line.open:
            raise errors.OrderNotCancellable(f"order {order.id} has no {units.quantity} open of {units.sku}")
    if sorted(lines, key=lambda u: u.sku) == sorted(opened, key=lambda u: u.sku):
        return opened, True
    if order.status is not Status.CONFIRMED:
        raise errors.OrderNotCancellable(f"order {order.id} is not confirmed yet: cancel it whole, or wait")
    if paying.is_charged(order) and not with_units(order, lines, cancelled=1).due.minor:
        # the gateway captures no nothing, and a part of an order never voids its payment
        raise errors.OrderNotCancellable(f"what would be left of order {order.id} costs nothing: cancel it whole")
    return tuple(lines), False


def settlement(order: Order, cancellation_id: str) -> str:
    """What becomes of the money: ``void`` or ``refund`` all of it, or ``none`` now, since less will be captured."""
    if not order.cancellations[cancellation_id].whole:
        return "none"
    return "refund" if order.payment.status is PaymentStatus.CAPTURED else "void"


def _is_settled(order: Order) -> bool:
    payment = order.payment
    if payment.status is PaymentStatus.CAPTURED:
        return payment.captured == payment.refunded
    return payment.status is PaymentStatus.VOIDED


def has_shipment(order: Order) -> bool:
    """True if the carrier knows of the order, or may yet hear of it."""
    return order.shipment is not ShipmentStatus.NONE


def complete(order: Order, cancellation_id: str, reason: str) -> Change:
    """End a cancellation whose effects are all through. Raises ``CompensationIncomplete`` where one isn't."""
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
        unneeded = order.credit_held - max(0, due.minor - order.charge.minor)
        return paying.give_credit(order, Change(events), unneeded, f"{cancellation_id}:credit-back")
    change = Change(events, codes=order.code_given_back())
    return paying.give_credit(order, change, order.credit_held, f"{order.id}:credit-back")


def give_back(order: Order, cancellation_id: str, reason: str) -> Change:
    """Let the order go on. A cancellation that doesn't hold it is refused all the same, so that none takes it late."""
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
