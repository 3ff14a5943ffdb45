"""Which orders an operator looks for, and by what an order is found: the lists that it stands in, each by time.

An order's place is the same in every list, and never changes: so what is in several lists is found by walking them
side by side, a page goes on where the last one ended, and an order that is listed twice is listed once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zlib import crc32

from oms.domain.order import Order, Status

SHARDS = 4
"""Into so many parts each list is split that every order comes into: one alone would take all of the shop's writes."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """All of what is set has to be so. Placed at ``since`` or later, and before ``until``."""

    status: Status | None = None
    sku: str = ""
    customer_id: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def fits(self, order: Order) -> bool:
        return (
            self.status in (None, order.status)
            and (not self.sku or order.line(self.sku) is not None)
            and self.customer_id in ("", order.customer_id)
            and (self.since is None or self.since <= order.placed_at)
            and (self.until is None or order.placed_at < self.until)
        )

    @property
    def mark(self) -> str:
        """Tells the listing that a cursor is of."""
        told = (self.status or "", self.sku, self.customer_id, self.since, self.until)
        return hashlib.sha256("\0".join(map(str, told)).encode()).hexdigest()[:16]


def place(order: Order) -> str:
    """Where it stands among all orders: by time, and its id decides between those of one moment."""
    return f"{order.placed_at.isoformat()}#{order.id}"


def order_at(place: str) -> str:
    return place.partition("#")[2]


def shard(order_id: str) -> int:
    return crc32(order_id.encode()) % SHARDS


def of_state(status: Status, shard: int) -> str:
    """The list of the orders that are so, as it is named."""
    return f"{status}#{shard}"


def of_all(shard: int) -> str:
    return f"all#{shard}"


def with_sku(sku: str) -> str:
    return f"sku#{sku}"


def of_customer(customer_id: str) -> str:
    return f"customer#{customer_id}"


def lists(order: Order) -> Sequence[str]:
    """Those that it stands in for ever."""
    skus = dict.fromkeys(line.sku for line in order.lines)
    return [of_all(shard(order.id)), of_customer(order.customer_id), *map(with_sku, skus)]
