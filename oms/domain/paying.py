"""What the order's own books say of its money, once the gateway has acted."""

from __future__ import annotations

from oms.domain import errors
from oms.domain.events import Event, PaymentAuthorized, PaymentCaptured, PaymentRefunded, PaymentVoided
from oms.domain.money import Money
from oms.domain.order import NOTHING, Change, MoneyEntry, MoneyReason, Order, ShipmentStatus, Status, guard
from oms.domain.payment import Authorization, PaymentStatus
from oms.domain.returns import refund_id


def may_authorize(order: Order) -> bool:
    """True if the gateway is to be asked, False if it was. Raises where the order is past it."""
    if order.payment.status in (PaymentStatus.AUTHORIZED, PaymentStatus.CAPTURED):
        return False
    guard(order)
    if order.payment.status is PaymentStatus.VOIDED:
        raise errors.EffectRefused(f"the payment of {order.id} was voided before it was authorized")
    if order.released or not order.is_priced:
        raise errors.UnexpectedState(f"order {order.id} holds no stock to be paid for")
    return True


def authorized(order: Order, authorization: Authorization) -> Change:
    """Also of an order that was taken meanwhile: what the gateway did is a fact, and is voided in its turn."""
    if order.payment.status in (PaymentStatus.AUTHORIZED, PaymentStatus.CAPTURED):
        return NOTHING
    if order.payment.status is PaymentStatus.VOIDED:
        raise errors.EffectRefused(f"the payment of {order.id} was voided before it was authorized")
    event = PaymentAuthorized(authorization.payment_id, authorization.amount.minor, authorization.risk)
    return _booked(order, event, order.payment_request.key, MoneyReason.AUTHORIZED, authorization.amount.minor)


def may_void(order: Order, cancellation_id: str | None) -> bool:
    """True if the gateway is to be told, False if there is nothing to void any more."""
    if order.payment.status is PaymentStatus.VOIDED:
        return False
    if order.payment.status is PaymentStatus.CAPTURED:
        raise errors.AlreadyCaptured(f"order {order.id} is paid: refund it")
    if order.abandoned and cancellation_id is None:
        return True
    if cancellation_id is not None and order.taken_by == cancellation_id and order.cancellations[cancellation_id].whole:
        return True
    raise errors.OrderTaken(f"order {order.id} is not held by {cancellation_id or 'its rejection'}")


def voided(order: Order) -> Change:
    """Also of an order that was never authorized: the record keeps a late authorization out."""
    if order.payment.status is PaymentStatus.VOIDED:
        return NOTHING
    return _booked(order, PaymentVoided(), f"{order.id}:void", MoneyReason.VOIDED, order.payment.authorized)


def is_unpaid_without(order: Order, payment_id: str) -> bool:
    """True where the hold of that payment is still counted on: nobody here is letting it go."""
    payment, taken = order.payment, order.cancellations.get(order.taken_by or "")
    if payment.status is not PaymentStatus.AUTHORIZED or payment.payment_id != payment_id:
        return False
    return not (order.status.is_closed or order.abandoned or (taken is not None and taken.whole))


def may_capture(order: Order) -> bool:
    if order.payment.status is PaymentStatus.CAPTURED:
        return False
    guard(order)
    if order.status is not Status.CONFIRMED or order.shipment is not ShipmentStatus.REQUESTED:
        raise errors.UnexpectedState(f"order {order.id} is {order.status}: nothing to capture yet")
    return True


def captured(order: Order, amount: Money) -> Change:
    if order.payment.status is PaymentStatus.CAPTURED:
        return NOTHING
    return _booked(order, PaymentCaptured(amount.minor), f"{order.id}:capture", MoneyReason.CAPTURED, amount.minor)


def refund_due(order: Order, effect_id: str) -> Money:
    """How much a refund gives back: of an inspected return its accepted units, else all beyond what is still due."""
    for known in order.returns.values():
        if refund_id(known.return_id) == effect_id:
            return Money(known.refund_minor, order.currency)
    due = 0 if order.taken_by else order.due.minor
    return Money(order.payment.captured - order.payment.refunded - due, order.currency)


def refunded(order: Order, amount: Money, effect_id: str) -> Change:
    if effect_id in order.refunds:
        return NOTHING
    if order.payment.refunded + amount.minor > order.payment.captured:
        raise errors.UnexpectedState(f"order {order.id} can't be refunded more than it was charged")
    return _booked(order, PaymentRefunded(effect_id, amount.minor), effect_id, MoneyReason.REFUNDED, amount.minor)


def _booked(order: Order, event: Event, effect_id: str, reason: MoneyReason, minor: int) -> Change:
    return Change((event,), money=(MoneyEntry(effect_id, order.id, reason, Money(minor, order.currency)),))
