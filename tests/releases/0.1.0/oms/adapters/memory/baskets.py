"""Baskets in memory."""

from __future__ import annotations

from collections.abc import Sequence

from oms.domain.baskets import Basket


class MemoryBaskets:
    def __init__(self) -> None:
        self.baskets: dict[str, Basket] = {}

    def add(self, basket: Basket) -> None:
        self.baskets[basket.order_id] = basket

    def with_product(self, sku: str, limit: int) -> Sequence[Basket]:
        baskets = [basket for basket in self.baskets.values() if sku in basket.skus]
        return sorted(baskets, key=lambda basket: (basket.at, basket.order_id), reverse=True)[:limit]
