"""The operations of payment intents: one authorization each, captured manually, once.

The statuses are Stripe's: requires_confirmation → requires_capture → succeeded, requires_payment_method after a
decline, and canceled from any but succeeded. https://docs.stripe.com/payments/paymentintents/lifecycle
"""

from __future__ import annotations

import re

from local.sandboxes.payments import stripe_errors
from local.sandboxes.payments.cards import CARDS, GENERIC, Decline
from local.sandboxes.payments.database import Charge, Intent, new_id
from local.sandboxes.payments.forms import hash_of, whole_number
from local.sandboxes.payments.requests import CardHangs, StripeRequest, expands_charge, find_intent, page_size
from local.sandboxes.payments.stripe_objects import (
    Json,
    card_error,
    charge_object,
    page_of,
    payment_intent,
    search_result,
)

# https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
_LEAST = dict.fromkeys(("usd", "eur", "chf", "cad", "aud", "nzd"), 50) | {"gbp": 30, "sek": 300, "nok": 300, "dkk": 250}
_MOST = 99_999_999
_CANCELABLE = ("requires_payment_method", "requires_capture", "requires_confirmation", "requires_action", "processing")
_QUERY = re.compile(r"""^metadata\[(['"])([^'"]+)\1\]:(['"])([^'"]+)\3$""")


def create(request: StripeRequest) -> Json:
    params = request.params
    for name in ("amount", "currency"):
        if name not in params:
            raise stripe_errors.invalid(f"Missing required param: {name}.", code="parameter_missing", param=name)
    if params.get("capture_method") != "manual":
        raise stripe_errors.invalid("The sandbox supports only capture_method=manual.", param="capture_method")
    if params.get("payment_method_types", ["card"]) != ["card"]:
        raise stripe_errors.invalid("The sandbox takes cards only.", param="payment_method_types")
    currency = str(params["currency"]).lower()
    intent = Intent(
        id=new_id("pi"),
        created=request.database.now,
        amount=_amount(request, currency),
        currency=currency,
        method=_check_card(params.get("payment_method")),
        metadata=hash_of(params, "metadata"),
    )
    if not intent.method:
        intent.status = "requires_payment_method"
    request.database.write(intent)
    return payment_intent(intent, None)


def _amount(request: StripeRequest, currency: str) -> int:
    if currency not in _LEAST:
        raise stripe_errors.invalid(f"Invalid currency: {currency}.", param="currency")
    amount = whole_number(request.params, "amount")
    if amount < _LEAST[currency]:
        least = f"{_LEAST[currency] / 100:.2f} {currency}"
        raise stripe_errors.invalid(f"Amount must be at least {least}", code="amount_too_small", param="amount")
    if amount > _MOST:
        raise stripe_errors.invalid("Amount must be no more than 999,999.99", code="amount_too_large", param="amount")
    return amount


def _check_card(name: str | None) -> str | None:
    if name is not None and name not in CARDS:
        raise stripe_errors.not_found("PaymentMethod", name, "payment_method", in_path=False)
    return name


def retrieve(request: StripeRequest) -> Json:
    expanded = expands_charge(request)
    intent = find_intent(request)
    return payment_intent(intent, request.database.charge(intent.charge), expanded=expanded)


def confirm(request: StripeRequest) -> Json:
    expanded = expands_charge(request)
    intent = find_intent(request)
    method = _check_card(request.params.get("payment_method")) or intent.method
    if intent.status not in ("requires_confirmation", "requires_payment_method"):
        raise _unexpected(request, intent, f"it has already been confirmed or ended: its status is {intent.status}")
    if not method:
        raise _unexpected(request, intent, "it's missing a payment method")
    card = CARDS[method]
    if card.errs:
        raise stripe_errors.internal_error()
    if card.hangs:
        raise CardHangs(intent.id)
    decline = GENERIC if request.declined else card.decline
    charge = Charge(new_id("ch"), intent.id, request.database.now, method, decline.decline_code if decline else None)
    intent.charge = charge.id
    request.database.write(charge)
    if decline:
        raise _declined(request, intent, charge, decline)
    intent.method, intent.status, intent.authorized = method, "requires_capture", intent.amount
    request.database.write(intent)
    request.database.add_entry("hold", intent, intent.amount, intent.metadata.get("effect_id"))
    return payment_intent(intent, charge, expanded=expanded)


def _declined(request: StripeRequest, intent: Intent, charge: Charge, decline: Decline) -> stripe_errors.StripeError:
    intent.method, intent.status = None, "requires_payment_method"
    request.database.write(intent)
    error = card_error(charge)
    error |= {"payment_intent": payment_intent(intent, charge)}
    kind, message = error.pop("type"), error.pop("message")
    return stripe_errors.StripeError(402, kind, message, is_stored=True, **error)


def capture(request: StripeRequest) -> Json:
    expanded = expands_charge(request)
    intent = find_intent(request)
    has_amount = "amount_to_capture" in request.params
    amount = whole_number(request.params, "amount_to_capture") if has_amount else intent.authorized
    if intent.status != "requires_capture":
        raise _unexpected(request, intent, f"it has a status of {intent.status}, and only requires_capture will do")
    if amount > intent.authorized:
        raise stripe_errors.invalid(
            f"The amount to capture, {amount}, is more than the {intent.authorized} that can be captured.",
            code="amount_too_large",
            param="amount_to_capture",
        )
    intent.status, intent.captured = "succeeded", amount
    request.database.write(intent)
    request.database.add_entry("capture", intent, amount)
    return payment_intent(intent, request.database.charge(intent.charge), expanded=expanded)


def cancel(request: StripeRequest) -> Json:
    expanded = expands_charge(request)
    intent = find_intent(request)
    if intent.status not in _CANCELABLE:
        allowed = ", ".join(_CANCELABLE)
        raise _unexpected(request, intent, f"it has a status of {intent.status}. Those that can be: {allowed}")
    intent.status, intent.canceled_at = "canceled", request.database.now
    request.database.write(intent)
    request.database.add_entry("void", intent, intent.authorized)
    request.database.publish("payment_intent.canceled", payment_intent(intent, request.database.charge(intent.charge)))
    return payment_intent(intent, request.database.charge(intent.charge), expanded=expanded)


def _unexpected(request: StripeRequest, intent: Intent, why: str) -> stripe_errors.StripeError:
    verb = request.path.rpartition("/")[2]
    return stripe_errors.refused(
        f"You cannot {verb} this PaymentIntent because {why}.",
        code="payment_intent_unexpected_state",
        payment_intent=payment_intent(intent, request.database.charge(intent.charge)),
    )


def list_all(request: StripeRequest) -> Json:
    limit = page_size(request)
    intents = request.database.intents(limit + 1, request.params.get("starting_after"))
    objects = [payment_intent(each, request.database.charge(each.charge)) for each in intents]
    return page_of(objects, request.path, limit)


def search(request: StripeRequest) -> Json:
    """Search by one metadata value. Like Stripe's search, it finds new objects only after a while."""
    query = _QUERY.match(str(request.params.get("query", "")).strip())
    if not query:
        raise stripe_errors.invalid("""The sandbox searches for metadata["key"]:"value" only.""", param="query")
    intents = request.database.intents_with(query[2], query[4], until=int(request.database.now - request.search_lag))
    objects = [payment_intent(each, request.database.charge(each.charge)) for each in intents[: page_size(request)]]
    return search_result(objects, request.path)


def retrieve_charge(request: StripeRequest) -> Json:
    charge = request.database.charge(request.target)
    intent = charge and request.database.intent(charge.intent)
    if not charge or not intent:
        raise stripe_errors.not_found("charge", request.target, "id", in_path=True)
    return charge_object(charge, intent)
