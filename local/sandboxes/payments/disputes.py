"""Disputes. Banks open and close them, so only the sandbox's own API does. https://docs.stripe.com/api/disputes/object"""

from __future__ import annotations

from typing import Any

from local.sandboxes.payments.database import PaymentsDatabase, new_id

EVIDENCE_SECONDS = 7 * 86_400
CLOSED = ("won", "lost", "warning_closed")


def change_dispute(database: PaymentsDatabase, document: Any) -> dict[str, Any]:
    """Open a dispute of a captured payment, or close one, and publish the event.

    Returns the dispute. Raises ``ValueError`` for an invalid document.
    """
    if not isinstance(document, dict):
        raise ValueError("a JSON object is needed, with payment_intent")
    intent = database.intent(str(document.get("payment_intent")))
    if intent is None or not intent.captured:
        raise ValueError("payment_intent names no captured payment")
    status = document.get("status", "needs_response")
    if status not in ("needs_response", *CLOSED):
        raise ValueError(f"status is needs_response, or one of {', '.join(CLOSED)}")
    dispute = {
        "id": document.get("id") or new_id("dp"),
        "object": "dispute",
        "amount": intent.captured,
        "charge": intent.charge,
        "created": database.now,
        "currency": intent.currency,
        "evidence_details": {"due_by": database.now + EVIDENCE_SECONDS, "has_evidence": False},
        "livemode": False,
        "metadata": {},
        "payment_intent": intent.id,
        "reason": document.get("reason", "fraudulent"),
        "status": status,
    }
    database.publish("charge.dispute.closed" if status in CLOSED else "charge.dispute.created", dispute)
    return dispute
