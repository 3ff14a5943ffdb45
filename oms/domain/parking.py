"""Putting an order before an operator, and taking it up again when its execution is redriven."""

from __future__ import annotations

from oms.domain import errors
from oms.domain.events import OrderParked, OrderResumed
from oms.domain.order import NOTHING, Change, Order, Status


def park(order: Order, execution: str, visit: str, redrive_count: int, error: str, cause: str) -> Change:
    """Park where the execution meets trouble; resume where a later redrive runs the parking state again.

    ``visit`` is when the execution entered that state. It tells a resumption that is run twice from new trouble
    after it, which both come with the same redrive count.
    """
    parked = order.parked.get(execution)
    if parked is not None:
        if redrive_count > parked.redrive_count:
            return Change((OrderResumed(execution, visit, redrive_count),))
        return NOTHING
    if is_resumed(order, execution, visit):
        return NOTHING
    return Change((OrderParked(execution, visit, redrive_count, error, cause[:1000]),))


def is_resumed(order: Order, execution: str, visit: str) -> bool:
    return order.resumed.get(execution) == visit


def direction(order: Order, cancellation_id: str) -> str:
    """Where a resumed execution goes on.

    ``forward`` where the order stands; ``backward`` through what is left to give back, of an order that was never
    confirmed or that the execution's own cancellation holds; straight to the ``refund`` of what was lost;
    ``superseded`` where somebody else ended the order meanwhile.
    """
    if order.status is Status.LOST:
        return "refund"
    if order.status.is_closed:
        return "superseded"
    confirmed = order.status in (Status.CONFIRMED, Status.SHIPPED, Status.DELIVERED)
    own = bool(cancellation_id) and order.taken_by == cancellation_id
    return "forward" if confirmed and not own else "backward"


def raise_parked(order: Order, execution: str) -> None:
    """Fail the execution, so that it alarms and can be redriven."""
    raise errors.OrderParked(f"order {order.id} waits for an operator: {order.parked[execution].error}")
