"""Steps that reserve and release stock.

DynamoDB writes at most 100 items at once, so a long order is moved in parts: a step decides on the next part, and is
committed until nothing is left.
"""

from __future__ import annotations

from oms.application.commit import commit
from oms.application.steps.step import step
from oms.domain import placement
from oms.domain.change import Change
from oms.domain.events import InventoryReleased
from oms.domain.order import Order
from oms.ports import Deps


def reserve_inventory(order: Order, deps: Deps) -> Change:
    """Reads the catalogue itself: the lines of an order of an early version are priced as they are reserved."""
    has_prices = order.is_quoted or order.is_priced
    return placement.reserve(order, {} if has_prices else deps.products.get([line.sku for line in order.lines]))


def reserve_all_parts(deps: Deps, order_id: str, by: str) -> Order:
    while True:
        order = commit(deps, order_id, by, lambda order: reserve_inventory(order, deps))
        if order.is_priced:
            return order


@step(InventoryReleased)
def release_inventory(order: Order, cancellation_id: str = "") -> Change:
    """Without a cancellation, all that an order holds which is being rejected."""
    return placement.release(order, cancellation_id or None)


def release_all_parts(deps: Deps, order_id: str, by: str, cancellation_id: str = "") -> None:
    order, version = deps.orders.get(order_id), 0
    while order.version != version:
        version = order.version
        order = commit(deps, order_id, by, lambda order: release_inventory(order, cancellation_id))
