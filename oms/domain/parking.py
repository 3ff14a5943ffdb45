"""Putting an order before an operator, and taking it up again when its execution is redriven."""

from __future__ import annotations

from dataclasses import dataclass

from oms.domain import errors
from oms.domain.events import OrderParked, OrderResumed
from oms.domain.order import NOTHING, Change, Order, Status


@dataclass(frozen=True)
class Visit:
    """One run of an execution's parking state.

    ``entered`` and ``redriven`` are times in ISO 8601: when the execution entered the state, and when it was last
    redriven, empty if never. A redrive runs a failed state again without entering it anew.
    """

    execution: str
    entered: str
    redrive_count: int = 0
    redriven: str = ""


def park(order: Order, visit: Visit, error: str, cause: str) -> Change:
    """Park where the execution meets trouble; resume where a later redrive runs the parking state again.

    A resumption that is run twice and new trouble after it come with the same redrive count: when the state was
    entered tells them apart. A visit that failed before it could park is resumed by its redrive just the same.
    """
    parked = order.parked.get(visit.execution)
    if parked is not None and visit.redrive_count <= parked.redrive_count:
        return NOTHING
    if is_resumed(order, visit):
        return NOTHING
    if parked is not None or visit.redriven > visit.entered:
        return Change((OrderResumed(visit.execution, visit.entered, visit.redrive_count),))
    return Change((OrderParked(visit.execution, visit.entered, visit.redrive_count, error, cause[:1000]),))


def is_resumed(order: Order, visit: Visit) -> bool:
    return order.resumed.get(visit.execution) == visit.entered


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
