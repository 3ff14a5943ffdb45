"""Steps that move money: authorize, capture, void, refund.

The gateway is called before the order's record is written, under a key that admits one effect. So a step that is
repeated after a crash, or after an answer that was lost, finds its effect at the gateway and only writes the record.
"""

from __future__ import annotations

from collections.abc import Callable

from oms.application.commit import Decision
from oms.application.steps.step import step
from oms.domain import payment_rules
from oms.domain.change import NOTHING, Change
from oms.domain.events import CreditGiven, Event, PaymentCaptured, PaymentRefunded, PaymentVoided
from oms.domain.order import Order
from oms.domain.payment import PaymentRecord, PaymentStatus
from oms.ports import Deps

NO_DECISION = Decision(NOTHING)


def authorize_payment(order: Order, deps: Deps) -> Change:
    """Calls the gateway itself, since the change is the gateway's answer."""
    if not payment_rules.may_authorize(order):
        return NOTHING
    if not payment_rules.is_charged(order):
        return payment_rules.authorized(order, payment_rules.free_authorization(order))
    return payment_rules.authorized(order, deps.payments.authorize(order.payment_request))


@step(PaymentCaptured)
def capture_payment(order: Order) -> Decision:
    if not payment_rules.may_capture(order):
        return NO_DECISION
    amount = order.to_capture

    def capture(deps: Deps) -> None:
        deps.payments.capture(order.payment_request, amount)

    return Decision(payment_rules.captured(order, amount), _if_charged(order, capture))


@step(PaymentVoided)
def void_authorization(order: Order, cancellation_id: str = "") -> Decision:
    """Of an order that is being rejected, or that this cancellation holds whole."""
    if not payment_rules.may_void(order, cancellation_id or None):
        return NO_DECISION
    return Decision(payment_rules.voided(order), _if_charged(order, _void(order)))


def void_remaining_hold(order: Order) -> Decision:
    """Of a closed order whose card the gateway still holds, whatever the order's own record says."""
    if order.payment.status is PaymentStatus.CAPTURED:
        return NO_DECISION
    return Decision(payment_rules.voided(order), _if_charged(order, _void(order)))


@step(PaymentRefunded, CreditGiven)
def refund_payment(order: Order, effect_id: str = "") -> Decision:
    """Without an effect id, of an order that was lost. The amounts are in the record before the gateway is called."""
    effect_id = effect_id or f"{order.id}:refund"
    amounts = payment_rules.refund_due(order, effect_id)
    if order.is_refunded(effect_id) or not amounts:
        return NO_DECISION

    def refund(deps: Deps) -> None:
        deps.payments.refund(order.payment_request, amounts.card, effect_id)

    return Decision(payment_rules.refunded(order, amounts, effect_id), refund if amounts.card.minor else None)


def _if_charged(order: Order, call: Callable[[Deps], None]) -> Callable[[Deps], None] | None:
    """No call about an order that store credit pays whole: the gateway has never heard of it."""
    return call if payment_rules.is_charged(order) else None


def _void(order: Order) -> Callable[[Deps], None]:
    return lambda deps: deps.payments.void(order.payment_request)


def is_done_at_gateway(event: Event, record: PaymentRecord | None) -> bool | None:
    """Whether the gateway has already done what an event will record; None for an event that is none of its."""
    match event:
        case PaymentVoided():
            return record is not None and record.status is PaymentStatus.VOIDED
        case PaymentCaptured():
            return record is not None and record.status is PaymentStatus.CAPTURED
        case PaymentRefunded(effect_id):
            return record is not None and effect_id in record.refunds
    return None
