"""Hold stock for every line of an order, all or nothing.

Compensated by ``release_inventory``. Safe to run twice: a line that is priced is held already. Late: a released
order turns it away. A long order is held in parts, each a unit of work of its own; what a failure leaves behind is
released like the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.domain import placing
from oms.domain.change import Change
from oms.domain.order import Order
from oms.ports import Deps
from tasks.runtime import act, task


@dataclass(frozen=True)
class ReserveInventory:
    order_id: str


@task
def handler(command: ReserveInventory, deps: Deps) -> Mapping[str, Any]:
    def decide(order: Order) -> Change:
        known = order.is_quoted or order.is_priced
        products = {} if known else deps.products.get([line.sku for line in order.lines])
        return placing.reserve(order, products)

    order = act(command, deps, decide)
    while not order.is_priced:
        order = act(command, deps, decide)
    return {"total_minor": order.total.minor, "currency": order.currency}
