"""Rules of the payment: what may be asked of the gateway, and what is recorded once it has succeeded."""

from __future__ import annotations

from dataclasses import dataclass, replace

from oms.domain import errors
from oms.domain.change import NOTHING, Change, MoneyEntry, MoneyReason
from oms.domain.credit import CreditEntry, CreditReason
from oms.domain.events import CreditGiven, Event, PaymentAuthorized, PaymentCaptured, PaymentRefunded, PaymentVoided
from oms.domain.money import Money
from oms.domain.order import Order, ShipmentStatus, Status, check_free_to_move
from oms.domain.payment import Authorization, PaymentStatus, Risk


def may_authorize(order: Order) -> bool:
    """True if the gateway is to be called, False if it was already. Raises if the order is past its authorization."""
    if order.payment.status in (PaymentStatus.AUTHORIZED, PaymentStatus.CAPTURED):
        return False
    check_free_to_move(order)
    if order.payment.status is PaymentStatus.VOIDED:
        raise errors.EffectRefused(f"the payment of {order.id} was voided before it was authorized")
    if order.released or not order.is_priced:
        raise errors.UnexpectedState(f"order {order.id} holds no stock to be paid for")
    return True


def authorized(order: Order, authorization: Authorization) -> Change:
    """Recorded of an order that was taken meanwhile too: its cancellation voids what the gateway holds."""
    if order.payment.status in (PaymentStatus.AUTHORIZED, PaymentStatus.CAPTURED):
        return NOTHING
    if order.payment.status is PaymentStatus.VOIDED:
        raise errors.EffectRefused(f"the payment of {order.id} was voided before it was authorized")
    event = PaymentAuthorized(authorization.payment_id, authorization.amount.minor, authorization.risk)
    return _booked(order, event, order.payment_request.key, MoneyReason.AUTHORIZED, authorization.amount.minor)


def is_charged(order: Order) -> bool:
    """True if the gateway is called about the order: not without a price, nor if store credit pays all."""
    return order.is_priced and order.charge.minor > 0


def free_authorization(order: Order) -> Authorization:
    """Of an order that store credit pays whole: the gateway is not called."""
    return Authorization("", order.charge, Risk.NORMAL)


def may_void(order: Order, cancellation_id: str | None) -> bool:
    """True if the gateway is to be called, False if the payment is voided. Raises if the caller may not void it."""
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
    """Recorded of an order that was never authorized too: it refuses a late authorization."""
    if order.payment.status is PaymentStatus.VOIDED:
        return NOTHING
    return _booked(order, PaymentVoided(), f"{order.id}:void", MoneyReason.VOIDED, order.payment.authorized)


def is_unpaid_without(order: Order, payment_id: str) -> bool:
    """True if the order needs this payment's hold: nothing of ours is about to void it."""
    payment, taken = order.payment, order.cancellations.get(order.taken_by or "")
    if payment.status is not PaymentStatus.AUTHORIZED or payment.payment_id != payment_id:
        return False
    return not (order.status.is_closed or order.abandoned or (taken is not None and taken.whole))


def may_capture(order: Order) -> bool:
    if order.payment.status is PaymentStatus.CAPTURED:
        return False
    check_free_to_move(order)
    if order.status is not Status.CONFIRMED or order.shipment is not ShipmentStatus.REQUESTED:
        raise errors.UnexpectedState(f"order {order.id} is {order.status}: nothing to capture yet")
    return True


def captured(order: Order, amount: Money) -> Change:
    if order.payment.status is PaymentStatus.CAPTURED:
        return NOTHING
    return _booked(order, PaymentCaptured(amount.minor), f"{order.id}:capture", MoneyReason.CAPTURED, amount.minor)


@dataclass(frozen=True, slots=True)
class Refund:
    """The amounts that are given back to the card, and as store credit."""

    card: Money
    credit: Money

    def __bool__(self) -> bool:
        return bool(self.card.minor or self.credit.minor)


def refund_due(order: Order, effect_id: str) -> Refund:
    """The amounts of a refund: of an inspected return its accepted units, else all that was paid beyond what is due.

    Store credit that paid the order is given back first, as store credit. The amounts are the same until the refund is
    recorded, since the gateway may have been called before.
    """
    for requested in order.returns.values():
        if requested.refund_id == effect_id:
            return _split(order, requested.refund_minor, requested.credit_minor)
    excess = order.net_paid.minor - (0 if order.taken_by else order.due.minor)
    return _split(order, excess, min(excess, order.credit_held))


def _split(order: Order, whole: int, credit: int) -> Refund:
    return Refund(Money(whole - credit, order.currency), Money(credit, order.currency))


def refunded(order: Order, refund: Refund, effect_id: str) -> Change:
    if order.is_refunded(effect_id):
        return NOTHING
    card, credit = refund.card.minor, refund.credit.minor
    if order.payment.refunded + card > order.payment.captured or card + credit > order.net_paid.minor:
        raise errors.UnexpectedState(f"order {order.id} can't be refunded more than was paid for it")
    change = NOTHING
    if card:
        change = _booked(order, PaymentRefunded(effect_id, card), effect_id, MoneyReason.REFUNDED, card)
    return give_credit(order, change, credit, effect_id, CreditReason.REFUNDED)


def give_credit(
    order: Order, change: Change, minor: int, effect_id: str, reason: CreditReason = CreditReason.RETURNED
) -> Change:
    """The change, with store credit for the shopper added."""
    if not minor:
        return change
    entry = CreditEntry(effect_id, order.customer_id, Money(minor, order.currency), reason, order.id)
    return replace(change, events=(*change.events, CreditGiven(effect_id, minor)), credit=(entry,))


def _booked(order: Order, event: Event, effect_id: str, reason: MoneyReason, minor: int) -> Change:
    return Change((event,), money=(MoneyEntry(effect_id, order.id, reason, Money(minor, order.currency)),))
