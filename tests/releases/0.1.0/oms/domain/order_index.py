"""The index of orders for operators: the lists that contain an order, each sorted by time, and queries of them.

An order has the same sort key in every list, and it never changes. So a query of several lists is a sorted
intersection, a page continues after the last key of the page before, and writing an entry twice does no harm.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zlib import crc32

from oms.domain.order import Order, Status

SHARDS = 4
"""The parts of each list that contains every order: a single one would get all of the shop's writes."""


@dataclass(frozen=True, slots=True)
class OrderQuery:
    """An order has to match every field that is set. It was placed at ``since`` or later, and before ``until``."""

    status: Status | None = None
    sku: str = ""
    customer_id: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def matches(self, order: Order) -> bool:
        return (
            self.status in (None, order.status)
            and (not self.sku or order.line(self.sku) is not None)
            and self.customer_id in ("", order.customer_id)
            and (self.since is None or self.since <= order.placed_at)
            and (self.until is None or order.placed_at < self.until)
        )

    @property
    def fingerprint(self) -> str:
        """Identifies the query in its cursors."""
        fields = (self.status or "", self.sku, self.customer_id, self.since, self.until)
        return hashlib.sha256("\0".join(map(str, fields)).encode()).hexdigest()[:16]


def sort_key(order: Order) -> str:
    """By time, then by the order's id."""
    return f"{order.placed_at.isoformat()}#{order.id}"


def order_id_of(sort_key: str) -> str:
    return sort_key.partition("#")[2]


def shard(order_id: str) -> int:
    return crc32(order_id.encode()) % SHARDS


def list_by_status(status: Status, shard: int) -> str:
    return f"{status}#{shard}"


def list_of_all(shard: int) -> str:
    return f"all#{shard}"


def list_by_sku(sku: str) -> str:
    return f"sku#{sku}"


def list_by_customer(customer_id: str) -> str:
    return f"customer#{customer_id}"


def permanent_lists(order: Order) -> Sequence[str]:
    """The lists that contain the order for ever; its list by status changes with it."""
    skus = dict.fromkeys(line.sku for line in order.lines)
    return [list_of_all(shard(order.id)), list_by_customer(order.customer_id), *map(list_by_sku, skus)]
