"""Parking: an order waits for an operator, until its execution is redriven or a discrepancy is settled.

An execution parks its order where it can't go on. A check parks an order under the check's own name where its records
disagree, and settles it once they agree. An operator accepts a discrepancy that nothing can repair.
"""

from __future__ import annotations

from dataclasses import dataclass

from oms.domain import errors
from oms.domain.change import NOTHING, Change
from oms.domain.events import (
    DiscrepancyAccepted,
    DiscrepancyFound,
    DiscrepancySettled,
    ExecutionReplaced,
    OrderParkedByExecution,
    OrderResumed,
    RedriveRequested,
)
from oms.domain.order import Order, Status

MAX_CAUSE_CHARACTERS = 1000


@dataclass(frozen=True)
class ParkingVisit:
    """One run of an execution's parking state.

    ``entered`` and ``redriven`` are times in ISO 8601: when the execution entered the state, and when it was last
    redriven, empty if never. A redrive runs a failed state again without entering it anew.
    """

    execution: str
    entered: str
    redrive_count: int = 0
    redriven: str = ""


def is_execution(parker: str) -> bool:
    """True for an execution's ARN, False for the name of a check."""
    return parker.startswith("arn:")


def park(order: Order, visit: ParkingVisit, error: str, cause: str) -> Change:
    """Parks the order, or resumes it if a later redrive runs the parking state again.

    A resumption that runs twice, and a new failure after it, come with the same redrive count: the time at which the
    state was entered distinguishes them. A visit that failed before it could park is resumed by its redrive as well.
    """
    parked = order.parked.get(visit.execution)
    if parked is not None and visit.redrive_count <= parked.redrive_count:
        return NOTHING
    if is_resumed(order, visit):
        return NOTHING
    if parked is not None or visit.redriven > visit.entered:
        return Change((OrderResumed(visit.execution, visit.entered, visit.redrive_count),))
    cause = cause[:MAX_CAUSE_CHARACTERS]
    return Change((OrderParkedByExecution(visit.execution, visit.entered, visit.redrive_count, error, cause),))


def is_resumed(order: Order, visit: ParkingVisit) -> bool:
    return order.resumed.get(visit.execution) == visit.entered


def resume_direction(order: Order, cancellation_id: str) -> str:
    """Where a resumed execution goes.

    ``forward`` from the order's status; ``backward`` to give back what is held, if the order was never confirmed or the
    execution's own cancellation holds it; ``refund`` for an order that was lost; ``superseded`` if something else
    closed the order meanwhile.
    """
    if order.status is Status.LOST:
        return "refund"
    if order.status.is_closed:
        return "superseded"
    is_confirmed = order.status in (Status.CONFIRMED, Status.SHIPPED, Status.DELIVERED)
    is_cancelled_by_own = bool(cancellation_id) and order.taken_by == cancellation_id
    return "forward" if is_confirmed and not is_cancelled_by_own else "backward"


def raise_parked(order: Order, execution: str) -> None:
    """Fails the execution, so that it raises an alarm and can be redriven."""
    raise errors.OrderParked(f"order {order.id} waits for an operator: {order.parked[execution].error}")


def request_redrive(order: Order, execution: str, reason: str) -> Change:
    """Records that an operator is about to redrive an execution. Raises ``OrderNotParked`` if it isn't parked."""
    if execution not in order.parked:
        raise errors.OrderNotParked(f"order {order.id} is not parked by {execution}")
    return Change((RedriveRequested(execution, reason),))


def replace_execution(order: Order, execution: str, successor: str) -> Change:
    """Records that another execution takes over; both are named as ``machine:name``."""
    return NOTHING if execution in order.replaced else Change((ExecutionReplaced(execution, successor),))


def park_discrepancy(order: Order, check: str, what: str) -> Change:
    """Parks the order under a check's name, unless an operator has accepted the same finding."""
    if is_accepted(order, check, what):
        return settle_discrepancy(order, check)
    parked = order.parked.get(check)
    if parked is not None and parked.cause == what[:MAX_CAUSE_CHARACTERS]:
        return NOTHING
    return Change((DiscrepancyFound(check, what[:MAX_CAUSE_CHARACTERS]),))


def is_accepted(order: Order, check: str, what: str) -> bool:
    return order.accepted.get(check) == what[:MAX_CAUSE_CHARACTERS]


def add_discrepancy(order: Order, check: str, what: str) -> Change:
    """Parks the order with one more finding beside those of the same check, each once."""
    cause = order.parked[check].cause if check in order.parked else ""
    if what in cause or what in order.accepted.get(check, ""):
        return NOTHING
    return Change((DiscrepancyFound(check, f"{cause}; {what}"[:MAX_CAUSE_CHARACTERS] if cause else what),))


def accept_discrepancy(order: Order, check: str, reason: str) -> Change:
    """Closes the record of a finding that stays as it is; money and stock don't move.

    Raises ``OrderNotParked`` if the check hasn't parked the order, or has settled it by itself.
    """
    if check in order.parked:
        return Change((DiscrepancyAccepted(check, reason),))
    if check in order.accepted:
        return NOTHING
    raise errors.OrderNotParked(f"order {order.id} is not parked by {check}")


def settle_discrepancy(order: Order, check: str) -> Change:
    return Change((DiscrepancySettled(check),)) if check in order.parked else NOTHING
