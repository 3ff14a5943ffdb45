"""The verbs of refunds: parts of what was captured, given back. https://docs.stripe.com/api/refunds"""

from __future__ import annotations

from local.sandboxes.payments import problems
from local.sandboxes.payments.books import Intent, Refund, new_id
from local.sandboxes.payments.calls import Call, page_size
from local.sandboxes.payments.forms import hash_of, whole
from local.sandboxes.payments.shapes import Json, page_of, refund_object

_REASONS = (None, "duplicate", "fraudulent", "requested_by_customer")


def create(call: Call) -> Json:
    intent = _captured_intent(call)
    metadata = hash_of(call.params, "metadata")
    reason = call.params.get("reason")
    if reason not in _REASONS:
        raise problems.invalid(f"Invalid reason: {reason}", param="reason")
    refund = Refund(
        id=new_id("re"),
        intent=intent.id,
        charge=intent.charge or "",
        created=call.books.now,
        amount=_amount(call, intent),
        currency=intent.currency,
        metadata=metadata,
        reason=reason,
    )
    intent.refunded += refund.amount
    call.books.write(refund)
    call.books.write(intent)
    call.books.enter("refund", intent, refund.amount, metadata.get("effect_id"))
    return refund_object(refund)


def _captured_intent(call: Call) -> Intent:
    name = call.params.get("payment_intent")
    if not name:
        raise problems.invalid(
            "The sandbox refunds a payment_intent.", code="parameter_missing", param="payment_intent"
        )
    intent = call.books.intent(name)
    if not intent:
        raise problems.missing("payment_intent", name, "payment_intent", in_path=False)
    if not intent.captured:
        message = f"This PaymentIntent ({name}) does not have a successful charge to refund."
        raise problems.refused(message, param="payment_intent")
    return intent


def _amount(call: Call, intent: Intent) -> int:
    left = intent.captured - intent.refunded
    amount = whole(call.params, "amount") if "amount" in call.params else left
    if not left:
        raise problems.refused(f"Charge {intent.charge} has already been refunded.", code="charge_already_refunded")
    if amount > left:
        raise problems.refused(f"The refund of {amount} is greater than the unrefunded {left}.", param="amount")
    return amount


def retrieve(call: Call) -> Json:
    refund = call.books.refund(call.target)
    if not refund:
        raise problems.missing("refund", call.target, "id", in_path=True)
    return refund_object(refund)


def list_all(call: Call) -> Json:
    limit, params = page_size(call), call.params
    refunds = call.books.refunds(limit + 1, params.get("starting_after"), params.get("payment_intent"))
    return page_of([refund_object(each) for each in refunds], call.path, limit)
