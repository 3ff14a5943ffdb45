"""Orders as operators look for them, in memory."""

from __future__ import annotations

from collections.abc import Iterable

from oms.adapters.memory import Store
from oms.adapters.memory_state import page
from oms.domain.order import Order
from oms.domain.order_index import OrderQuery
from oms.ports import Page


class MemoryOrderIndex:
    def __init__(self, store: Store) -> None:
        self._store = store
        self.indexed: set[str] = set()

    def add(self, orders: Iterable[Order]) -> None:
        self.indexed.update(order.id for order in orders)

    def find(self, wanted: OrderQuery, limit: int, cursor: str | None = None) -> Page[Order]:
        """By state alone an order is found before it is indexed."""
        by_state = wanted.status and not wanted.sku and not wanted.customer_id
        orders = [order for order in list(self._store.orders.values()) if by_state or order.id in self.indexed]
        found = filter(wanted.fits, orders)
        return page(wanted.mark, found, lambda order: (order.placed_at.isoformat(), order.id), limit, cursor, True)
