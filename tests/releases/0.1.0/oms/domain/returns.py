"""Goods that come back: authorized, received, inspected unit by unit, refunded, restocked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
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
from oms.domain.order import Order, Return, ReturnStatus, Status, guard, named_twice
from oms.domain.placing import PART

ACCEPTED = {"new": True, "opened": True, "defective": True, "damaged": False, "missing": False}
"""Whether a unit in this condition is refunded. ``damaged`` is by the shopper, ``defective`` came so."""
SOLD_AGAIN = frozenset({"new"})
GIVEN_UP = ("expired", "refused")
"""How returns end that nobody waits for a parcel of any more."""


def authorize(
    order: Order,
    return_id: str,
    lines: Sequence[Units],
    reason: str,
    deadline: datetime,
    refund_to: RefundTo = RefundTo.ORIGINAL_PAYMENT,
    request_id: str = "",
) -> Change:
    known = order.returns.get(return_id)
    if known is not None:
        if known.status is ReturnStatus.CLOSED:
            raise errors.AlreadyReceived(f"{return_id} is closed: {known.outcome}")
        return NOTHING
    guard(order)
    if order.status is not Status.DELIVERED:
        raise errors.OrderNotReturnable(f"order {order.id} is {order.status}, not delivered")
    if sku := named_twice(lines):
        raise errors.OrderNotReturnable(f"{sku} is in more than one line")
    for units in lines:
        line = order.line(units.sku)
        if line is None or not 0 < units.quantity <= line.returnable:
            raise errors.OrderNotReturnable(f"order {order.id} has no {units.quantity} of {units.sku} to return")
    if refund_to is RefundTo.STORE_CREDIT:
        credit.check_account(order.customer_id)
    return Change((ReturnAuthorized(return_id, tuple(lines), reason, deadline.isoformat(), refund_to, request_id),))


def expect_parcel(order: Order, return_id: str, token: str) -> Change:
    known = _known(order, return_id)
    if known.status is not ReturnStatus.AUTHORIZED:
        raise errors.AlreadyReceived(f"the parcel of {return_id} is {known.status}")
    return Change(waits={return_id: token})


def inspect(order: Order, return_id: str, conditions: Mapping[str, Sequence[str]]) -> Change:
    """Decide unit by unit, from the condition that the warehouse found each in; a unit not in the parcel is missing.

    What of the refund is store credit is decided here too, so that it is the same however often the gateway is asked.
    """
    known = _known(order, return_id)
    if known.status is not ReturnStatus.AUTHORIZED:
        return NOTHING
    strange = set(conditions) - {units.sku for units in known.lines}
    if strange:
        raise errors.UnexpectedState(f"the parcel of {return_id} holds {sorted(strange)}, which were not in the return")
    lines = tuple(_inspected(units, conditions.get(units.sku, ())) for units in known.lines)
    refund = sum(line.value(line.gone, seen.accepted) for seen in lines if (line := order.line(seen.sku)))
    as_credit = refund if known.refund_to is RefundTo.STORE_CREDIT else min(refund, order.credit_held)
    return Change((ItemsInspected(return_id, lines, refund, as_credit),))


def report_inspection(order: Order, return_id: str, conditions: Mapping[str, Sequence[str]], reason: str) -> Change:
    """Say that a person inspects a parcel, if nobody has.

    Raises what ``inspect`` raises, and ``OrderNotReturnable`` of a return that was given up: they mean to refund it.
    """
    if came_too_late(order, return_id, conditions):
        raise errors.OrderNotReturnable(f"{return_id} is closed, nobody waits for its parcel: request another return")
    return Change((InspectionReported(return_id, reason),)) if inspect(order, return_id, conditions) else NOTHING


def _inspected(units: Units, conditions: Sequence[str]) -> InspectedUnits:
    if len(conditions) > units.quantity or any(condition not in ACCEPTED for condition in conditions):
        raise errors.UnexpectedState(f"{units.sku}: {list(conditions)} is no inspection of {units.quantity} units")
    accepted = [condition for condition in conditions if ACCEPTED[condition]]
    restocked = sum(condition in SOLD_AGAIN for condition in accepted)
    return InspectedUnits(units.sku, len(accepted), restocked, units.quantity - len(accepted))


def restock(order: Order, return_id: str) -> Change:
    """Put the next part of what can be sold again back on the shelf. Repeat until there is nothing ``to_shelve``."""
    known = _known(order, return_id)
    if known.status is ReturnStatus.AUTHORIZED:
        raise errors.UnexpectedState(f"{return_id} was not inspected")
    part = known.to_shelve[:PART]
    if not part:
        return NOTHING
    index = known.to_restock.index(part[0])
    effect_id = f"{return_id}:restock:{index}" if index else f"{return_id}:restock"
    entry = inventory.restock(effect_id, order.id, [(units.sku, units.quantity) for units in part])
    return Change((ItemsRestocked(return_id, part),), stock=(entry,))


def close(order: Order, return_id: str) -> Change:
    """End a return whose refund and stock are through, or one whose parcel never came.

    One that was never authorized is refused, so that it can't be late.
    """
    if return_id not in order.returns:
        return Change((ReturnClosed(return_id, "refused"),))
    known = _known(order, return_id)
    if known.status is ReturnStatus.CLOSED:
        return NOTHING
    if known.status is ReturnStatus.AUTHORIZED:
        return Change((ReturnClosed(return_id, "expired"),))
    refund_missing = known.refund_minor and not order.is_refunded(known.refund_id)
    if refund_missing or known.to_shelve:
        raise errors.CompensationIncomplete(f"{return_id} is not refunded and restocked yet")
    return Change((ReturnClosed(return_id, "refunded" if known.accepted else "declined"),))


def came_too_late(order: Order, return_id: str, conditions: Mapping[str, Sequence[str]]) -> str:
    """What to say of a parcel that came; empty where it was waited for, or has been inspected.

    Also of one whose return was never authorized, and which the shopper sent all the same.
    """
    known = _known(order, return_id)
    if known.status is not ReturnStatus.CLOSED or known.outcome not in GIVEN_UP:
        return ""
    units = ", ".join(f"{len(found)} of {sku}" for sku, found in sorted(conditions.items()))
    return f"the parcel of {return_id} came ({units[:200]}), and it was {known.outcome}: nothing is refunded"


def _known(order: Order, return_id: str) -> Return:
    if return_id not in order.returns:
        raise errors.ReturnNotFound(f"order {order.id} has no return {return_id}")
    return replace(order.returns[return_id])
