"""The operators' queue that an order is in. It is derived from the order's state, so no rule has to maintain it."""

from __future__ import annotations

from oms.domain.order import Order, ReturnStatus, Status


def place_in_queue(order: Order) -> tuple[str, str] | None:
    """The queue and the order's time in it, in ISO 8601; the earliest is next. None if the order waits for nobody.

    The time of a review, a dispute or a return is its deadline. An order is in ``starting`` until its execution has
    changed it, so that a sweeper finds the orders whose execution never started.
    """
    if order.parked:
        return "parked", min(parked.at for parked in order.parked.values()).isoformat()
    if order.review is not None and order.review.approved is None and is_free(order):
        return "review", order.review.deadline
    disputed = [dispute.due_by for dispute in order.disputes.values() if not dispute.outcome]
    if disputed:
        return "disputed", min(disputed)
    returning = [each.deadline for each in order.returns.values() if each.status is ReturnStatus.AUTHORIZED]
    if returning:
        return "returns", min(returning)
    if order.status is Status.PLACED:
        return "starting", order.placed_at.isoformat()
    return None


def is_free(order: Order) -> bool:
    return not (order.status.is_closed or order.abandoned or order.taken_by)
