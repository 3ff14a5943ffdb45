"""Disputed payments: an operator sends evidence to the shopper's bank, which decides."""

from __future__ import annotations

from dataclasses import dataclass

from oms.domain.change import NOTHING, Change
from oms.domain.events import DisputeClosed, PaymentDisputed
from oms.domain.order import Order


@dataclass(frozen=True)
class OpenedDispute:
    """``due_by`` is the deadline for evidence, in ISO 8601."""

    dispute_id: str
    amount_minor: int
    reason: str
    due_by: str


def open_dispute(order: Order, opened: OpenedDispute) -> Change:
    """An event that comes after the dispute was closed leaves it closed."""
    if opened.dispute_id in order.disputes:
        return NOTHING
    return Change((PaymentDisputed(opened.dispute_id, opened.amount_minor, opened.reason, opened.due_by),))


def close_dispute(order: Order, dispute_id: str, outcome: str) -> Change:
    dispute = order.disputes.get(dispute_id)
    return NOTHING if dispute and dispute.outcome else Change((DisputeClosed(dispute_id, outcome),))
