"""Recommendations: the products that recent orders contain together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from oms.domain.order import Order

MAX_SKUS = 40
"""Of one basket. It is stored once for each of its SKUs, so the cost grows with the square of its size."""
MAX_BASKETS = 200
"""The number of the latest baskets with a product that are counted."""
RETENTION = timedelta(days=90)
MIN_TIMES = 2
"""Products that were bought together only once are left out as chance."""


@dataclass(frozen=True, slots=True)
class Basket:
    """The SKUs of one order, each once."""

    order_id: str
    at: datetime
    skus: tuple[str, ...]


def basket_of(order: Order) -> Basket:
    skus = dict.fromkeys(line.sku for line in order.lines)
    return Basket(order.id, order.placed_at, tuple(skus)[:MAX_SKUS])


def bought_with(sku: str, baskets: Iterable[Basket]) -> list[str]:
    """The other SKUs, most often bought first."""
    times = Counter(other for basket in baskets for other in basket.skus if other != sku)
    together = [other for other, count in times.items() if count >= MIN_TIMES]
    return sorted(together, key=lambda other: (-times[other], other))
