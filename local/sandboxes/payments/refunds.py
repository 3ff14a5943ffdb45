"""The operations of refunds, of all or part of the captured amount. https://docs.stripe.com/api/refunds"""

from __future__ import annotations

from local.sandboxes.payments import stripe_errors
from local.sandboxes.payments.database import Intent, SandboxRefund, new_id
from local.sandboxes.payments.forms import hash_of, whole_number
from local.sandboxes.payments.requests import StripeRequest, page_size
from local.sandboxes.payments.stripe_objects import Json, page_of, refund_object

_REASONS = (None, "duplicate", "fraudulent", "requested_by_customer")


def create(request: StripeRequest) -> Json:
    intent = _captured_intent(request)
    metadata = hash_of(request.params, "metadata")
    reason = request.params.get("reason")
    if reason not in _REASONS:
        raise stripe_errors.invalid(f"Invalid reason: {reason}", param="reason")
    refund = SandboxRefund(
        id=new_id("re"),
        intent=intent.id,
        charge=intent.charge or "",
        created=request.database.now,
        amount=_amount(request, intent),
        currency=intent.currency,
        metadata=metadata,
        reason=reason,
    )
    intent.refunded += refund.amount
    request.database.write(refund)
    request.database.write(intent)
    request.database.add_entry("refund", intent, refund.amount, metadata.get("effect_id"))
    return refund_object(refund)


def _captured_intent(request: StripeRequest) -> Intent:
    name = request.params.get("payment_intent")
    if not name:
        raise stripe_errors.invalid(
            "The sandbox refunds a payment_intent.", code="parameter_missing", param="payment_intent"
        )
    intent = request.database.intent(name)
    if not intent:
        raise stripe_errors.not_found("payment_intent", name, "payment_intent", in_path=False)
    if not intent.captured:
        message = f"This PaymentIntent ({name}) does not have a successful charge to refund."
        raise stripe_errors.refused(message, param="payment_intent")
    return intent


def _amount(request: StripeRequest, intent: Intent) -> int:
    left = intent.captured - intent.refunded
    amount = whole_number(request.params, "amount") if "amount" in request.params else left
    if not left:
        raise stripe_errors.refused(
            f"Charge {intent.charge} has already been refunded.", code="charge_already_refunded"
        )
    if amount > left:
        raise stripe_errors.refused(f"The refund of {amount} is greater than the unrefunded {left}.", param="amount")
    return amount


def retrieve(request: StripeRequest) -> Json:
    refund = request.database.refund(request.target)
    if not refund:
        raise stripe_errors.not_found("refund", request.target, "id", in_path=True)
    return refund_object(refund)


def list_all(request: StripeRequest) -> Json:
    limit, params = page_size(request), request.params
    refunds = request.database.refunds(limit + 1, params.get("starting_after"), params.get("payment_intent"))
    return page_of([refund_object(each) for each in refunds], request.path, limit)
