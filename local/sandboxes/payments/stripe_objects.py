"""The JSON objects of the Stripe API. https://docs.stripe.com/api/payment_intents/object"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from local.sandboxes.payments.cards import CARDS, DECLINES
from local.sandboxes.payments.database import Charge, Intent, SandboxRefund

Json = dict[str, Any]


def payment_intent(intent: Intent, charge: Charge | None, *, expanded: bool = False) -> Json:
    """``charge`` is the latest charge; the object contains all of it if ``expanded``."""
    return {
        "id": intent.id,
        "object": "payment_intent",
        "amount": intent.amount,
        "amount_capturable": intent.authorized if intent.status == "requires_capture" else 0,
        "amount_details": {"tip": {}},
        "amount_received": intent.captured,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": intent.canceled_at,
        "cancellation_reason": None,
        "capture_method": "manual",
        "client_secret": f"{intent.id}_secret_sandbox",
        "confirmation_method": "automatic",
        "created": intent.created,
        "currency": intent.currency,
        "customer": None,
        "description": None,
        "last_payment_error": card_error(charge) if charge and charge.decline else None,
        "latest_charge": charge_object(charge, intent) if charge and expanded else intent.charge,
        "livemode": False,
        "metadata": intent.metadata,
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": intent.method,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": intent.status,
        "transfer_data": None,
        "transfer_group": None,
    }


def charge_object(charge: Charge, intent: Intent) -> Json:
    card = CARDS[charge.method]
    decline = DECLINES[charge.decline] if charge.decline else None
    is_authorized = not decline
    # Stripe counts what a cancel or a partial capture releases as refunded.
    is_released = intent.status == "canceled" or intent.captured > 0
    returned = intent.refunded + (intent.authorized - intent.captured if is_released else 0) if is_authorized else 0
    return {
        "id": charge.id,
        "object": "charge",
        "amount": intent.amount,
        "amount_captured": intent.captured if is_authorized else 0,
        "amount_refunded": returned,
        "balance_transaction": None,
        "captured": is_authorized and intent.captured > 0,
        "created": charge.created,
        "currency": intent.currency,
        "customer": None,
        "disputed": False,
        "failure_code": decline and decline.code,
        "failure_message": decline and decline.message,
        "livemode": False,
        "metadata": intent.metadata,
        "outcome": _outcome(elevated=card.elevated_risk, decline_code=charge.decline),
        "paid": is_authorized,
        "payment_intent": intent.id,
        "payment_method": charge.method,
        "payment_method_details": {"card": {"brand": card.brand, "last4": card.last4}, "type": "card"},
        "refunded": is_authorized and returned == intent.amount,
        "status": "succeeded" if is_authorized else "failed",
    }


def _outcome(*, elevated: bool, decline_code: str | None) -> Json:
    review = elevated and not decline_code
    return {
        "network_status": "declined_by_network" if decline_code else "approved_by_network",
        "reason": "elevated_risk_level" if review else decline_code,
        "risk_level": "elevated" if elevated else "normal",
        "seller_message": "Put up for review." if review else "Payment complete." if not decline_code else "Declined.",
        "type": "manual_review" if review else "issuer_declined" if decline_code else "authorized",
    }


def card_error(charge: Charge) -> Json:
    decline = DECLINES[charge.decline or "generic_decline"]
    return {
        "charge": charge.id,
        "code": decline.code,
        "decline_code": decline.decline_code,
        "message": decline.message,
        "payment_method": {"id": charge.method, "object": "payment_method", "type": "card"},
        "type": "card_error",
    }


def refund_object(refund: SandboxRefund) -> Json:
    return {
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount,
        "balance_transaction": None,
        "charge": refund.charge,
        "created": refund.created,
        "currency": refund.currency,
        "metadata": refund.metadata,
        "payment_intent": refund.intent,
        "reason": refund.reason,
        "receipt_number": None,
        "status": "succeeded",
    }


def page_of(objects: Sequence[Json], path: str, limit: int) -> Json:
    """A page of a list. ``objects`` has one object more if another page follows."""
    return {"object": "list", "url": path, "has_more": len(objects) > limit, "data": list(objects[:limit])}


def search_result(objects: Sequence[Json], path: str) -> Json:
    return {"object": "search_result", "url": path, "has_more": False, "next_page": None, "data": list(objects)}
