"""Payments that a shopper has disputed with their bank: an operator answers the bank, who decides."""

from __future__ import annotations

from dataclasses import dataclass

from oms.domain.change import NOTHING, Change
from oms.domain.events import DisputeClosed, PaymentDisputed
from oms.domain.order import Order


@dataclass(frozen=True)
class Opened:
    """``due_by`` is until when the bank takes evidence, in ISO 8601."""

    dispute_id: str
    amount_minor: int
    reason: str
    due_by: str


def open_dispute(order: Order, opened: Opened) -> Change:
    """Also late: one that was closed before stays closed."""
    if opened.dispute_id in order.disputes:
        return NOTHING
    return Change((PaymentDisputed(opened.dispute_id, opened.amount_minor, opened.reason, opened.due_by),))


def close_dispute(order: Order, dispute_id: str, outcome: str) -> Change:
    known = order.disputes.get(dispute_id)
    return NOTHING if known and known.outcome else Change((DisputeClosed(dispute_id, outcome),))
