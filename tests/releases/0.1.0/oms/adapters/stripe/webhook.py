"""Stripe's webhook: the signature of a request, and Stripe's event as one of the shop's payment events.

https://docs.stripe.com/api/events/types lists the events. All that are not translated report what the state machines
learn from Stripe's responses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from oms.adapters.webhook_signatures import verify_signature
from oms.domain.payment_events import AuthorizationCancelled, DisputeDecided, DisputeOpened, PaymentEvent

SIGNATURE_HEADER = "Stripe-Signature"

StripeObject = Mapping[str, Any]


def verify_webhook(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> None:
    """Raises ``InvalidSignature`` unless Stripe signed the request."""
    verify_signature(headers[SIGNATURE_HEADER], body, secret, now)


def payment_event_of(event: Mapping[str, Any]) -> PaymentEvent | None:
    """The shop's event for one of Stripe's, which keeps to the contract; None for one that the shop has no use for."""
    translate = TRANSLATIONS.get(event["type"])
    return translate(event["id"], event["data"]["object"]) if translate else None


def _authorization_cancelled(event_id: str, intent: StripeObject) -> AuthorizationCancelled:
    return AuthorizationCancelled(event_id, intent["id"], (intent.get("metadata") or {}).get("order_id"))


def _dispute_opened(event_id: str, dispute: StripeObject) -> DisputeOpened:
    due_by = (dispute.get("evidence_details") or {}).get("due_by")
    return DisputeOpened(
        event_id,
        dispute["id"],
        dispute.get("payment_intent"),
        dispute["amount"],
        dispute["reason"],
        datetime.fromtimestamp(due_by, UTC) if due_by else None,
    )


def _dispute_decided(event_id: str, dispute: StripeObject) -> DisputeDecided:
    return DisputeDecided(event_id, dispute["id"], dispute.get("payment_intent"), dispute["status"])


TRANSLATIONS: Mapping[str, Callable[[str, StripeObject], PaymentEvent]] = {
    "payment_intent.canceled": _authorization_cancelled,
    "charge.dispute.created": _dispute_opened,
    "charge.dispute.closed": _dispute_decided,
}
