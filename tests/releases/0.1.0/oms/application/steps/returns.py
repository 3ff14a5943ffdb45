"""Steps of a return (RMA), but for its refund."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from oms.application.commit import commit
from oms.application.steps.step import step
from oms.domain import returns
from oms.domain.change import Change
from oms.domain.credit import RefundTo
from oms.domain.events import ItemsInspected, ItemsRestocked, ReturnAuthorized, ReturnClosed, Units
from oms.domain.order import Order
from oms.ports import Deps


@step(ReturnAuthorized)
def authorize_return(
    order: Order,
    return_id: str,
    lines: Sequence[Mapping[str, Any]],
    reason: str,
    deadline_seconds: int,
    now: datetime,
    refund_to: str = RefundTo.ORIGINAL_PAYMENT,
    request_id: str = "",
) -> Change:
    units, deadline = [Units(**line) for line in lines], now + timedelta(seconds=deadline_seconds)
    return returns.authorize(order, return_id, units, reason, deadline, RefundTo(refund_to), request_id)


@step(ReturnAuthorized)
def expect_parcel(order: Order, return_id: str, task_token: str) -> Change:
    """The carrier is called after this is written."""
    return returns.expect_parcel(order, return_id, task_token)


@step(ItemsInspected)
def inspect_items(order: Order, return_id: str, conditions: Mapping[str, Sequence[str]]) -> Change:
    """``conditions`` are what the warehouse found, by SKU and unit."""
    return returns.inspect(order, return_id, conditions)


@step(ItemsRestocked)
def restock_items(order: Order, return_id: str) -> Change:
    """Puts the next part of what can be sold again into stock."""
    return returns.restock(order, return_id)


def restock_all_parts(deps: Deps, order_id: str, by: str, return_id: str) -> None:
    while True:
        order = commit(deps, order_id, by, lambda order: restock_items(order, return_id))
        if not order.returns[return_id].to_shelve:
            return


@step(ReturnClosed)
def close_return(order: Order, return_id: str) -> Change:
    return returns.close(order, return_id)
