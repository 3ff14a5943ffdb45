"""Orders as operators look for them, in memory."""

from __future__ import annotations

from collections.abc import Iterable

from oms.adapters.memory import Store
from oms.adapters.memory_state import page
from oms.domain.order import Order
from oms.domain.order_index import Wanted
from oms.ports import Page


class MemoryFinder:
    def __init__(self, store: Store) -> None:
        self._store = store
        self.filed: set[str] = set()

    def file(self, orders: Iterable[Order]) -> None:
        self.filed.update(order.id for order in orders)

    def find(self, wanted: Wanted, limit: int, cursor: str | None = None) -> Page[Order]:
        """By state alone an order is found before it is filed."""
        by_state = wanted.status and not wanted.sku and not wanted.customer_id
        orders = [order for order in list(self._store.orders.values()) if by_state or order.id in self.filed]
        found = filter(wanted.fits, orders)
        return page(wanted.mark, found, lambda order: (order.placed_at.isoformat(), order.id), limit, cursor, True)
