"""Putting an order before an operator, and taking it up again when its execution is redriven.

An execution parks its order where it meets trouble. A check of all books parks an order, under the check's own name,
where these don't agree; and settles it once they do. Or an operator settles by hand what nothing can mend.
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
    OrderParked,
    OrderResumed,
    RedriveRequested,
)
from oms.domain.order import Order, Status

LONGEST = 1000
"""So many characters of what went wrong are kept with the order."""


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
    return Change((OrderParked(visit.execution, visit.entered, visit.redrive_count, error, cause[:LONGEST]),))


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


def request_redrive(order: Order, execution: str, reason: str) -> Change:
    """Say that somebody is about to redrive an execution, and why. Raises ``OrderNotParked`` where it isn't parked."""
    if execution not in order.parked:
        raise errors.OrderNotParked(f"order {order.id} is not parked by {execution}")
    return Change((RedriveRequested(execution, reason),))


def replace_execution(order: Order, execution: str, successor: str) -> Change:
    """Say that another execution does what this one left; both as ``machine:name``."""
    return NOTHING if execution in order.replaced else Change((ExecutionReplaced(execution, successor),))


def doubt(order: Order, check: str, what: str) -> Change:
    if is_accepted(order, check, what):
        return settle(order, check)
    known = order.parked.get(check)
    if known is not None and known.cause == what[:LONGEST]:
        return NOTHING
    return Change((DiscrepancyFound(check, what[:LONGEST]),))


def is_accepted(order: Order, check: str, what: str) -> bool:
    return order.accepted.get(check) == what[:LONGEST]


def contradict(order: Order, check: str, what: str) -> Change:
    """Somebody outside says what the books don't: it stands beside whatever else they said, told once."""
    known = order.parked[check].cause if check in order.parked else ""
    if what in known or what in order.accepted.get(check, ""):
        return NOTHING
    return Change((DiscrepancyFound(check, f"{known}; {what}"[:LONGEST] if known else what),))


def accept(order: Order, check: str, reason: str) -> Change:
    """Close the record of what a check found, though it stays so; money and stock stay where they are.

    Raises ``OrderNotParked`` where that check has parked nothing, ever or since it was settled by itself.
    """
    if check in order.parked:
        return Change((DiscrepancyAccepted(check, reason),))
    if check in order.accepted:
        return NOTHING
    raise errors.OrderNotParked(f"order {order.id} is not parked by {check}")


def settle(order: Order, check: str) -> Change:
    return Change((DiscrepancySettled(check),)) if check in order.parked else NOTHING
