"""What shoppers buy together: the baskets of late, and what goes with a product in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from oms.domain.order import Order

MOST_SKUS = 40
"""Of one basket. It is kept once for each of its SKUs, so a larger one would cost its square, and tell less."""
MOST_BASKETS = 200
"""So many of the latest baskets with a product are looked at."""
KEPT = timedelta(days=90)
TIMES_AT_LEAST = 2
"""What was put together once is chance."""


@dataclass(frozen=True, slots=True)
class Basket:
    """What one order was of, each SKU once."""

    order_id: str
    at: datetime
    skus: tuple[str, ...]


def basket_of(order: Order) -> Basket:
    skus = dict.fromkeys(line.sku for line in order.lines)
    return Basket(order.id, order.placed_at, tuple(skus)[:MOST_SKUS])


def bought_with(sku: str, baskets: Iterable[Basket]) -> list[str]:
    """The other SKUs, most often bought first."""
    times = Counter(other for basket in baskets for other in basket.skus if other != sku)
    together = [other for other, count in times.items() if count >= TIMES_AT_LEAST]
    return sorted(together, key=lambda other: (-times[other], other))
