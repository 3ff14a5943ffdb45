"""Disputes, which no API makes: a bank does. https://docs.stripe.com/api/disputes/object"""

from __future__ import annotations

from typing import Any

from local.sandboxes.payments.books import Books, new_id

EVIDENCE_SECONDS = 7 * 86_400
CLOSED = ("won", "lost", "warning_closed")


def dispute(books: Books, wanted: Any) -> dict[str, Any]:
    """Dispute a payment that was captured, or close a dispute: tell it as it is now. Raises ``ValueError``."""
    if not isinstance(wanted, dict):
        raise ValueError("a JSON object is needed, with payment_intent")
    intent = books.intent(str(wanted.get("payment_intent")))
    if intent is None or not intent.captured:
        raise ValueError("payment_intent names none that was captured")
    status = wanted.get("status", "needs_response")
    if status not in ("needs_response", *CLOSED):
        raise ValueError(f"status is needs_response, or one of {', '.join(CLOSED)}")
    shown = {
        "id": wanted.get("id") or new_id("dp"),
        "object": "dispute",
        "amount": intent.captured,
        "charge": intent.charge,
        "created": books.now,
        "currency": intent.currency,
        "evidence_details": {"due_by": books.now + EVIDENCE_SECONDS, "has_evidence": False},
        "livemode": False,
        "metadata": {},
        "payment_intent": intent.id,
        "reason": wanted.get("reason", "fraudulent"),
        "status": status,
    }
    books.tell("charge.dispute.closed" if status in CLOSED else "charge.dispute.created", shown)
    return shown
