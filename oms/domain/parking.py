"""Putting an order before an operator, and taking it up again when its execution is redriven."""

from __future__ import annotations

from oms.domain import errors
from oms.domain.events import OrderParked, OrderResumed
from oms.domain.order import NOTHING, Change, Order


def park(order: Order, execution: str, visit: str, redrive_count: int, error: str, cause: str) -> Change:
    """Park on the first run of a visit; resume when the same visit is run again by a later redrive.

    ``visit`` is the time at which the execution entered the parking state. A redrive runs the failed state
    again without entering it anew, so the same visit with a higher redrive count is an operator's go-ahead.
    """
    if order.resumed == _visit(execution, visit):
        return NOTHING
    parked = order.parked
    if parked and (parked.execution, parked.visit) == (execution, visit):
        if redrive_count > parked.redrive_count:
            return Change((OrderResumed(execution, _visit(execution, visit), redrive_count),))
        return NOTHING
    return Change((OrderParked(execution, visit, redrive_count, error, cause[:1000]),))


def is_resumed(order: Order, execution: str, visit: str) -> bool:
    return order.resumed == _visit(execution, visit)


def raise_parked(order: Order) -> None:
    """Fail the execution, so that it alarms and can be redriven."""
    parked = order.parked
    raise errors.OrderParked(f"order {order.id} waits for an operator: {parked.error if parked else 'unknown'}")


def _visit(execution: str, visit: str) -> str:
    return f"{execution}@{visit}"
