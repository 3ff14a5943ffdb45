"""The index of orders in memory."""

from __future__ import annotations

from collections.abc import Iterable

from oms.adapters.memory.state import page
from oms.adapters.memory.store import MemoryStore
from oms.domain.order import Order
from oms.domain.order_index import OrderQuery
from oms.ports import Page


class MemoryOrderIndex:
    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.indexed: set[str] = set()

    def add(self, orders: Iterable[Order]) -> None:
        self.indexed.update(order.id for order in orders)

    def find(self, query: OrderQuery, limit: int, cursor: str | None = None) -> Page[Order]:
        """A query by status alone finds an order before it is indexed, as in DynamoDB."""
        is_by_status = query.status and not query.sku and not query.customer_id
        orders = [order for order in list(self._store.orders.values()) if is_by_status or order.id in self.indexed]
        matching, newest_first = filter(query.matches, orders), True
        return page(query.fingerprint, matching, _sort_key, limit, cursor, newest_first)


def _sort_key(order: Order) -> tuple[str, str]:
    return order.placed_at.isoformat(), order.id
