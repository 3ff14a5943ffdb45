"""End an order that came to nothing, with the reason that the shopper is told.

It ends only what holds neither stock nor money, by the order's own books. A defect is no answer: it is raised again,
so that the order is parked, until an operator has let it go on. Safe to run twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.domain import placing
from oms.domain.change import Change
from oms.domain.errors import CompensationIncomplete
from oms.domain.order import Order
from oms.ports import Deps
from tasks.runtime import act, task


@dataclass(frozen=True)
class RejectOrder:
    order_id: str
    error: str


@task
def handler(command: RejectOrder, deps: Deps) -> Mapping[str, Any]:
    def decide(order: Order) -> Change:
        reason = placing.reason_to_reject(order, command.error)
        if reason is None:
            raise CompensationIncomplete(f"order {order.id} met a defect: {command.error}")
        return placing.reject(order, reason)

    return {"reason": act(command, deps, decide).reason}
