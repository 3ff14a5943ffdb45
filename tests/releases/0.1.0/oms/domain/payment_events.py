"""What a payment provider reports about payments. The adapter of each provider translates its events into these."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class AuthorizationCancelled:
    """A hold expired or was cancelled at the provider. ``order_id`` is None if it was for no order."""

    event_id: str
    payment_id: str
    order_id: str | None


@dataclass(frozen=True)
class DisputeOpened:
    """A shopper disputes a payment with their bank. ``due_by`` is the deadline for evidence, None if there is none."""

    event_id: str
    dispute_id: str
    payment_id: str | None
    amount_minor: int
    reason: str
    due_by: datetime | None


@dataclass(frozen=True)
class DisputeDecided:
    """The bank has decided a dispute. ``outcome`` is the provider's word for it, such as ``won`` or ``lost``."""

    event_id: str
    dispute_id: str
    payment_id: str | None
    outcome: str


PaymentEvent = AuthorizationCancelled | DisputeOpened | DisputeDecided
