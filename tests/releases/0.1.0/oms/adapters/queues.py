"""Which queue an order stands in, and since when: derived from its state, so that no rule has to keep it."""

from __future__ import annotations

from oms.domain.order import Order, ReturnStatus, Status


def place_in_queue(order: Order) -> tuple[str, str] | None:
    """The queue, and what orders it: ISO 8601, the first is next. None where the order waits for nobody.

    A review, a dispute and a return are ordered by their deadline. An order stays in ``starting`` until its execution
    has done something, so that a sweeper finds those whose execution never began.
    """
    if order.parked:
        return "parked", min(parked.at for parked in order.parked.values()).isoformat()
    if order.review is not None and order.review.approved is None and is_free(order):
        return "review", order.review.deadline
    disputed = [dispute.due_by for dispute in order.disputes.values() if not dispute.outcome]
    if disputed:
        return "disputed", min(disputed)
    returning = [known.deadline for known in order.returns.values() if known.status is ReturnStatus.AUTHORIZED]
    if returning:
        return "returns", min(returning)
    if order.status is Status.PLACED:
        return "starting", order.placed_at.isoformat()
    return None


def is_free(order: Order) -> bool:
    return not (order.status.is_closed or order.abandoned or order.taken_by)
