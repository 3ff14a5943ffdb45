"""Rules of a return (RMA): authorized, received, inspected unit by unit, refunded, restocked, closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from oms.domain import credit, errors, inventory
from oms.domain.change import NOTHING, Change
from oms.domain.credit import RefundTo
from oms.domain.events import (
    InspectedUnits,
    InspectionReported,
    ItemsInspected,
    ItemsRestocked,
    ReturnAuthorized,
    ReturnClosed,
    Units,
)
from oms.domain.order import Order, Return, ReturnStatus, Status, check_free_to_move, duplicate_sku
from oms.domain.placement import PART

ACCEPTED = {"new": True, "opened": True, "defective": True, "damaged": False, "missing": False}
"""Whether a unit in this condition is refunded. The shopper has ``damaged`` it, or it arrived ``defective``."""
SOLD_AGAIN = frozenset({"new"})
CLOSED_WITHOUT_PARCEL = ("expired", "refused")
"""Outcomes of returns whose parcel is no longer expected."""


def authorize(
    order: Order,
    return_id: str,
    lines: Sequence[Units],
    reason: str,
    deadline: datetime,
    refund_to: RefundTo = RefundTo.ORIGINAL_PAYMENT,
    request_id: str = "",
) -> Change:
    existing = order.returns.get(return_id)
    if existing is not None:
        if existing.status is ReturnStatus.CLOSED:
            raise errors.AlreadyReceived(f"{return_id} is closed: {existing.outcome}")
        return NOTHING
    check_free_to_move(order)
    if order.status is not Status.DELIVERED:
        raise errors.OrderNotReturnable(f"order {order.id} is {order.status}, not delivered")
    if sku := duplicate_sku(lines):
        raise errors.OrderNotReturnable(f"{sku} is in more than one line")
    for units in lines:
        line = order.line(units.sku)
        if line is None or not 0 < units.quantity <= line.returnable:
            raise errors.OrderNotReturnable(f"order {order.id} has no {units.quantity} of {units.sku} to return")
    if refund_to is RefundTo.STORE_CREDIT:
        credit.check_account(order.customer_id)
    return Change((ReturnAuthorized(return_id, tuple(lines), reason, deadline.isoformat(), refund_to, request_id),))


def expect_parcel(order: Order, return_id: str, token: str) -> Change:
    requested = _find(order, return_id)
    if requested.status is not ReturnStatus.AUTHORIZED:
        raise errors.AlreadyReceived(f"the parcel of {return_id} is {requested.status}")
    return Change(waits={return_id: token})


def inspect(order: Order, return_id: str, conditions: Mapping[str, Sequence[str]]) -> Change:
    """Decides unit by unit, by the condition that the warehouse reports. A unit that isn't in the parcel is missing.

    The part of the refund that is store credit is decided here too, so that repeated calls of the gateway agree.
    """
    requested = _find(order, return_id)
    if requested.status is not ReturnStatus.AUTHORIZED:
        return NOTHING
    unexpected = set(conditions) - {units.sku for units in requested.lines}
    if unexpected:
        raise errors.UnexpectedState(
            f"the parcel of {return_id} holds {sorted(unexpected)}, which were not in the return"
        )
    lines = tuple(_inspected(units, conditions.get(units.sku, ())) for units in requested.lines)
    refund = sum(
        line.value(line.given_up, inspected.accepted) for inspected in lines if (line := order.line(inspected.sku))
    )
    as_credit = refund if requested.refund_to is RefundTo.STORE_CREDIT else min(refund, order.credit_held)
    return Change((ItemsInspected(return_id, lines, refund, as_credit),))


def report_inspection(order: Order, return_id: str, conditions: Mapping[str, Sequence[str]], reason: str) -> Change:
    """Records that an operator inspects a parcel, if it isn't inspected yet.

    Raises what ``inspect`` raises, and ``OrderNotReturnable`` for a return that was closed without its parcel.
    """
    if late_parcel(order, return_id, conditions):
        raise errors.OrderNotReturnable(f"{return_id} is closed, nobody waits for its parcel: request another return")
    return Change((InspectionReported(return_id, reason),)) if inspect(order, return_id, conditions) else NOTHING


def _inspected(units: Units, conditions: Sequence[str]) -> InspectedUnits:
    if len(conditions) > units.quantity or any(condition not in ACCEPTED for condition in conditions):
        raise errors.UnexpectedState(f"{units.sku}: {list(conditions)} is no inspection of {units.quantity} units")
    accepted = [condition for condition in conditions if ACCEPTED[condition]]
    restocked = sum(condition in SOLD_AGAIN for condition in accepted)
    return InspectedUnits(units.sku, len(accepted), restocked, units.quantity - len(accepted))


def restock(order: Order, return_id: str) -> Change:
    """Puts the next part of what can be sold again into stock. To be repeated until nothing is left ``to_shelve``."""
    requested = _find(order, return_id)
    if requested.status is ReturnStatus.AUTHORIZED:
        raise errors.UnexpectedState(f"{return_id} was not inspected")
    part = requested.to_shelve[:PART]
    if not part:
        return NOTHING
    index = requested.to_restock.index(part[0])
    effect_id = f"{return_id}:restock:{index}" if index else f"{return_id}:restock"
    entry = inventory.restock(effect_id, order.id, [(units.sku, units.quantity) for units in part])
    return Change((ItemsRestocked(return_id, part),), stock=(entry,))


def close(order: Order, return_id: str) -> Change:
    """Closes a return that is refunded and restocked, or whose parcel never came.

    A return that was never authorized is refused, so that it can't be authorized later.
    """
    if return_id not in order.returns:
        return Change((ReturnClosed(return_id, "refused"),))
    requested = _find(order, return_id)
    if requested.status is ReturnStatus.CLOSED:
        return NOTHING
    if requested.status is ReturnStatus.AUTHORIZED:
        return Change((ReturnClosed(return_id, "expired"),))
    refund_missing = requested.refund_minor and not order.is_refunded(requested.refund_id)
    if refund_missing or requested.to_shelve:
        raise errors.CompensationIncomplete(f"{return_id} is not refunded and restocked yet")
    return Change((ReturnClosed(return_id, "refunded" if requested.accepted else "declined"),))


def late_parcel(order: Order, return_id: str, conditions: Mapping[str, Sequence[str]]) -> str:
    """Describes a parcel that came after its return was closed; empty for a parcel that was expected.

    Its return may never have been authorized: the shopper sent it all the same.
    """
    requested = _find(order, return_id)
    if requested.status is not ReturnStatus.CLOSED or requested.outcome not in CLOSED_WITHOUT_PARCEL:
        return ""
    units = ", ".join(f"{len(each)} of {sku}" for sku, each in sorted(conditions.items()))
    return f"the parcel of {return_id} came ({units[:200]}), and it was {requested.outcome}: nothing is refunded"


def _find(order: Order, return_id: str) -> Return:
    if return_id not in order.returns:
        raise errors.ReturnNotFound(f"order {order.id} has no return {return_id}")
    return order.returns[return_id]
