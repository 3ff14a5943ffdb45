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
    parked = order.parked
    if parked is not None and parked.execution == execution:
        if redrive_count > parked.redrive_count:
            return Change((OrderResumed(execution, _visit(execution, visit), redrive_count),))
        return NOTHING
    if is_resumed(order, execution, visit):
        return NOTHING
    return Change((OrderParked(execution, visit, redrive_count, error, cause[:1000]),))


def is_resumed(order: Order, execution: str, visit: str) -> bool:
    return order.resumed == _visit(execution, visit)


def direction(order: Order) -> str:
    """Where a resumed execution goes on: ``forward`` where the order stands, ``backward`` through what is left to give
    back, or straight to the ``refund`` of what was lost."""
    if order.status is Status.LOST:
        return "refund"
    stands = order.status in (Status.CONFIRMED, Status.SHIPPED, Status.DELIVERED)
    return "forward" if stands and not (order.taken_by or order.abandoned) else "backward"


def raise_parked(order: Order) -> None:
    """Fail the execution, so that it alarms and can be redriven."""
    parked = order.parked
    raise errors.OrderParked(f"order {order.id} waits for an operator: {parked.error if parked else 'unknown'}")


def _visit(execution: str, visit: str) -> str:
    return f"{execution}@{visit}"
