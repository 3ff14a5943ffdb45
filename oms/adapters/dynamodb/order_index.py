"""The operators' order index in DynamoDB: lists of positions, each of which identifies an order.

The lists by state are an index of the orders' table. All other lists are items of the table ``order_index``. Such an
item holds only a position, which never changes, so writing it twice, late or out of order does no harm. A list is only
a hint: the order itself, read consistently, decides whether it matches.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from oms.adapters import cursors
from oms.adapters.dynamodb import items
from oms.adapters.dynamodb.client import DynamoDB
from oms.adapters.dynamodb.sorted_intersection import ListShard, Read, ShardedList, intersection
from oms.domain import order_index as keys
from oms.domain.errors import InvalidRequest
from oms.domain.order import Order
from oms.domain.order_index import SHARDS, OrderQuery
from oms.ports import Page

EARLIEST, LATEST = "0", "~"
"""Before and after all positions."""
POSITION = re.compile(r"[0-9][!-}]{0,150}")
MAX_READS = 100
"""The queries of one request, at most: then the orders found so far are its page."""


class DynamoOrderIndex:
    def __init__(self, db: DynamoDB, orders_table: str, index_table: str) -> None:
        self._db = db
        self._orders, self._index = orders_table, index_table

    def add(self, orders: Iterable[Order]) -> None:
        distinct = {order.id: order for order in orders}.values()  # a batch takes no key twice
        positions = [
            items.key(each, keys.sort_key(order)) for order in distinct for each in keys.permanent_lists(order)
        ]
        self._db.batch_put(self._index, positions)

    def find(self, query: OrderQuery, limit: int, cursor: str | None = None) -> Page[Order]:
        before, reads = _start(query, cursor), _Reads(self._db, query)
        positions = intersection(self._lists(query, reads), before)
        orders: list[Order] = []
        candidates: list[str] = []
        for before, in_all in positions:
            candidates += [before] if in_all else []
            if len(orders) + len(candidates) == limit:
                orders, candidates = [*orders, *self._matching(query, candidates)], []
            if len(orders) == limit or reads.count >= MAX_READS:
                more = next(positions, None) is not None
                break
        else:
            more = False
        orders += self._matching(query, candidates)
        return Page(tuple(orders), cursors.encode({"of": query.fingerprint, "before": before}) if more else None)

    def _lists(self, query: OrderQuery, reads: _Reads) -> list[ShardedList]:
        def sharded(shards: Sequence[Read]) -> ShardedList:
            return ShardedList([ListShard(each) for each in shards], lambda place: keys.shard(keys.order_id_of(place)))

        indexed = partial(reads.of, self._index, "", ("pk", "sk"))
        names = [keys.list_by_sku(query.sku)] if query.sku else []
        names += [keys.list_by_customer(query.customer_id)] if query.customer_id else []
        lists = [ShardedList([ListShard(indexed(name))]) for name in names]
        if query.status:
            by_state = partial(reads.of, self._orders, "by_state", ("state", "placed"))
            lists.append(sharded([by_state(keys.list_by_status(query.status, n)) for n in range(SHARDS)]))
        return lists or [sharded([indexed(keys.list_of_all(n)) for n in range(SHARDS)])]

    def _matching(self, query: OrderQuery, positions: Sequence[str]) -> Iterator[Order]:
        if not positions:
            return
        item_keys = [items.key(keys.order_id_of(position), items.ORDER) for position in positions]
        orders = map(items.order_of, self._db.batch_get(self._orders, item_keys, consistent=True))
        by_id = {order.id: order for order in orders}
        in_list_order = (by_id.get(keys.order_id_of(position)) for position in positions)
        yield from (order for order in in_list_order if order and query.matches(order))


class _Reads:
    """Reads parts of lists, back to the query's earliest time, and counts its queries."""

    def __init__(self, db: DynamoDB, query: OrderQuery) -> None:
        self._db = db
        self._since = query.since.isoformat() if query.since else EARLIEST
        self.count = 0

    def of(self, table: str, index: str, key: tuple[str, str], name: str) -> Read:
        def read(until: str, count: int) -> Sequence[str]:
            if until < self._since:
                return ()
            self.count += 1
            latest = self._db.latest(table, index, (key[0], name), (key[1], self._since, until), count)
            return [item[key[1]]["S"] for item in latest]

        return read


def _start(query: OrderQuery, cursor: str | None) -> str:
    """The position before which a page begins. Raises ``InvalidRequest`` for a cursor of another search."""
    if cursor is None:
        return query.until.isoformat() if query.until else LATEST
    before = cursors.decode(cursor, frozenset({"of", "before"}), of=query.fingerprint)["before"]
    if not POSITION.fullmatch(before):
        raise InvalidRequest("this cursor is none of ours")
    return before
