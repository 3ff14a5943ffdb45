"""The verbs of payment intents: one hold each, captured by hand, once.

The states are Stripe's: requires_confirmation → requires_capture → succeeded, requires_payment_method after a
decline, and canceled from any but succeeded. https://docs.stripe.com/payments/paymentintents/lifecycle
"""

from __future__ import annotations

import re

from local.sandboxes.payments import problems
from local.sandboxes.payments.books import Charge, Intent, new_id
from local.sandboxes.payments.calls import Call, Unanswered, expands_charge, intent_of, page_size
from local.sandboxes.payments.cards import CARDS, GENERIC, Decline
from local.sandboxes.payments.forms import hash_of, whole
from local.sandboxes.payments.shapes import Json, card_error, charge_object, page_of, payment_intent, search_result

# https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
_LEAST = dict.fromkeys(("usd", "eur", "chf", "cad", "aud", "nzd"), 50) | {"gbp": 30, "sek": 300, "nok": 300, "dkk": 250}
_MOST = 99_999_999
_CANCELABLE = ("requires_payment_method", "requires_capture", "requires_confirmation", "requires_action", "processing")
_QUERY = re.compile(r"""^metadata\[(['"])([^'"]+)\1\]:(['"])([^'"]+)\3$""")


def create(call: Call) -> Json:
    params = call.params
    for name in ("amount", "currency"):
        if name not in params:
            raise problems.invalid(f"Missing required param: {name}.", code="parameter_missing", param=name)
    if params.get("capture_method") != "manual":
        raise problems.invalid("The sandbox holds first: capture_method must be manual.", param="capture_method")
    if params.get("payment_method_types", ["card"]) != ["card"]:
        raise problems.invalid("The sandbox takes cards only.", param="payment_method_types")
    currency = str(params["currency"]).lower()
    intent = Intent(
        id=new_id("pi"),
        created=call.books.now,
        amount=_amount(call, currency),
        currency=currency,
        method=_known_card(params.get("payment_method")),
        metadata=hash_of(params, "metadata"),
    )
    if not intent.method:
        intent.status = "requires_payment_method"
    call.books.write(intent)
    return payment_intent(intent, None)


def _amount(call: Call, currency: str) -> int:
    if currency not in _LEAST:
        raise problems.invalid(f"Invalid currency: {currency}.", param="currency")
    amount = whole(call.params, "amount")
    if amount < _LEAST[currency]:
        least = f"{_LEAST[currency] / 100:.2f} {currency}"
        raise problems.invalid(f"Amount must be at least {least}", code="amount_too_small", param="amount")
    if amount > _MOST:
        raise problems.invalid("Amount must be no more than 999,999.99", code="amount_too_large", param="amount")
    return amount


def _known_card(name: str | None) -> str | None:
    if name is not None and name not in CARDS:
        raise problems.missing("PaymentMethod", name, "payment_method", in_path=False)
    return name


def retrieve(call: Call) -> Json:
    expanded = expands_charge(call)
    intent = intent_of(call)
    return payment_intent(intent, call.books.charge(intent.charge), expanded=expanded)


def confirm(call: Call) -> Json:
    expanded = expands_charge(call)
    intent = intent_of(call)
    method = _known_card(call.params.get("payment_method")) or intent.method
    if intent.status not in ("requires_confirmation", "requires_payment_method"):
        raise _unexpected(call, intent, f"it has already been confirmed or ended: its status is {intent.status}")
    if not method:
        raise _unexpected(call, intent, "it's missing a payment method")
    card = CARDS[method]
    if card.errs:
        raise problems.internal()
    if card.hangs:
        raise Unanswered(intent.id)
    decline = GENERIC if call.declined else card.decline
    charge = Charge(new_id("ch"), intent.id, call.books.now, method, decline.decline_code if decline else None)
    intent.charge = charge.id
    call.books.write(charge)
    if decline:
        raise _declined(call, intent, charge, decline)
    intent.method, intent.status, intent.authorized = method, "requires_capture", intent.amount
    call.books.write(intent)
    call.books.enter("hold", intent, intent.amount, intent.metadata.get("effect_id"))
    return payment_intent(intent, charge, expanded=expanded)


def _declined(call: Call, intent: Intent, charge: Charge, decline: Decline) -> problems.StripeProblem:
    intent.method, intent.status = None, "requires_payment_method"
    call.books.write(intent)
    error = card_error(charge)
    error |= {"payment_intent": payment_intent(intent, charge)}
    kind, message = error.pop("type"), error.pop("message")
    return problems.StripeProblem(402, kind, message, kept=True, **error)


def capture(call: Call) -> Json:
    expanded = expands_charge(call)
    intent = intent_of(call)
    amount = whole(call.params, "amount_to_capture") if "amount_to_capture" in call.params else intent.authorized
    if intent.status != "requires_capture":
        raise _unexpected(call, intent, f"it has a status of {intent.status}, and only requires_capture will do")
    if amount > intent.authorized:
        raise problems.invalid(
            f"The amount to capture, {amount}, is more than the {intent.authorized} that can be captured.",
            code="amount_too_large",
            param="amount_to_capture",
        )
    intent.status, intent.captured = "succeeded", amount
    call.books.write(intent)
    call.books.enter("capture", intent, amount)
    return payment_intent(intent, call.books.charge(intent.charge), expanded=expanded)


def cancel(call: Call) -> Json:
    expanded = expands_charge(call)
    intent = intent_of(call)
    if intent.status not in _CANCELABLE:
        allowed = ", ".join(_CANCELABLE)
        raise _unexpected(call, intent, f"it has a status of {intent.status}. Those that can be: {allowed}")
    intent.status, intent.canceled_at = "canceled", call.books.now
    call.books.write(intent)
    call.books.enter("void", intent, intent.authorized)
    call.books.tell("payment_intent.canceled", payment_intent(intent, call.books.charge(intent.charge)))
    return payment_intent(intent, call.books.charge(intent.charge), expanded=expanded)


def _unexpected(call: Call, intent: Intent, why: str) -> problems.StripeProblem:
    verb = call.path.rpartition("/")[2]
    return problems.refused(
        f"You cannot {verb} this PaymentIntent because {why}.",
        code="payment_intent_unexpected_state",
        payment_intent=payment_intent(intent, call.books.charge(intent.charge)),
    )


def list_all(call: Call) -> Json:
    limit = page_size(call)
    intents = call.books.intents(limit + 1, call.params.get("starting_after"))
    return page_of([payment_intent(each, call.books.charge(each.charge)) for each in intents], call.path, limit)


def search(call: Call) -> Json:
    """By one metadata value, and like Stripe's a while behind: don't read your writes here."""
    query = _QUERY.match(str(call.params.get("query", "")).strip())
    if not query:
        raise problems.invalid("""The sandbox searches for metadata["key"]:"value" only.""", param="query")
    found = call.books.intents_with(query[2], query[4], until=int(call.books.now - call.search_lag))
    objects = [payment_intent(each, call.books.charge(each.charge)) for each in found[: page_size(call)]]
    return search_result(objects, call.path)


def retrieve_charge(call: Call) -> Json:
    charge = call.books.charge(call.target)
    intent = charge and call.books.intent(charge.intent)
    if not charge or not intent:
        raise problems.missing("charge", call.target, "id", in_path=True)
    return charge_object(charge, intent)
