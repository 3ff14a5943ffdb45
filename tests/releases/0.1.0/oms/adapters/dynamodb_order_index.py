"""Orders as operators look for them, in DynamoDB: lists of places, and the orders that stand at them.

By state they stand in an index of the orders' own table. All the other lists are items of a table of their own, which
hold no more than a place that never changes: writing one twice, late or out of turn does no harm. What is read from a
list is only a hint: the order itself, as last written, says whether it is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from oms.adapters import cursors, items
from oms.adapters.dynamodb import DynamoDB
from oms.adapters.sorted_intersection import Part, Read, Trail, meet
from oms.domain import order_index as finding
from oms.domain.errors import InvalidRequest
from oms.domain.order import Order
from oms.domain.order_index import SHARDS, Wanted
from oms.ports import Page

EARLIEST, LATEST = "0", "~"
"""Before and after all places."""
PLACE = re.compile(r"[0-9][!-}]{0,150}")
MOST_READS = 100
"""A request asks for no more parts of lists: what it has found by then is a page."""


class DynamoFinder:
    def __init__(self, db: DynamoDB, orders_table: str, filed_table: str) -> None:
        self._db = db
        self._orders, self._filed = orders_table, filed_table

    def file(self, orders: Iterable[Order]) -> None:
        different = {order.id: order for order in orders}.values()  # a batch takes no key twice
        places = [items.key(each, finding.place(order)) for order in different for each in finding.lists(order)]
        self._db.batch_put(self._filed, places)

    def find(self, wanted: Wanted, limit: int, cursor: str | None = None) -> Page[Order]:
        before, reads = _start(wanted, cursor), _Reads(self._db, wanted)
        steps = meet(self._trails(wanted, reads), before)
        found: list[Order] = []
        met: list[str] = []
        for before, in_all in steps:
            met += [before] if in_all else []
            if len(found) + len(met) == limit:
                found, met = [*found, *self._fitting(wanted, met)], []
            if len(found) == limit or reads.count >= MOST_READS:
                more = next(steps, None) is not None
                break
        else:
            more = False
        found += self._fitting(wanted, met)
        return Page(tuple(found), cursors.encode({"of": wanted.mark, "before": before}) if more else None)

    def _trails(self, wanted: Wanted, reads: _Reads) -> list[Trail]:
        def split(lists: Sequence[Read]) -> Trail:
            return Trail([Part(each) for each in lists], lambda place: finding.shard(finding.order_at(place)))

        filed = partial(reads.of, self._filed, "", ("pk", "sk"))
        one_each = [finding.with_sku(wanted.sku)] if wanted.sku else []
        one_each += [finding.of_customer(wanted.customer_id)] if wanted.customer_id else []
        trails = [Trail([Part(filed(name))]) for name in one_each]
        if wanted.status:
            by_state = partial(reads.of, self._orders, "by_state", ("state", "placed"))
            trails.append(split([by_state(finding.of_state(wanted.status, n)) for n in range(SHARDS)]))
        return trails or [split([filed(finding.of_all(n)) for n in range(SHARDS)])]

    def _fitting(self, wanted: Wanted, places: Sequence[str]) -> Iterator[Order]:
        if not places:
            return
        keys = [items.key(finding.order_at(place), items.ORDER) for place in places]
        read = self._db.batch_get(self._orders, keys, consistent=True)
        orders = {order.id: order for order in map(items.order_of, read)}
        there = (orders.get(finding.order_at(place)) for place in places)
        yield from (order for order in there if order and wanted.fits(order))


class _Reads:
    """Reads parts of lists, as far as the time that is asked for goes, and counts."""

    def __init__(self, db: DynamoDB, wanted: Wanted) -> None:
        self._db = db
        self._since = wanted.since.isoformat() if wanted.since else EARLIEST
        self.count = 0

    def of(self, table: str, index: str, key: tuple[str, str], name: str) -> Read:
        def read(until: str, count: int) -> Sequence[str]:
            if until < self._since:
                return ()
            self.count += 1
            found = self._db.latest(table, index, (key[0], name), (key[1], self._since, until), count)
            return [item[key[1]]["S"] for item in found]

        return read


def _start(wanted: Wanted, cursor: str | None) -> str:
    """Before which place a page begins. Raises ``InvalidRequest`` for a cursor that isn't one, or is of another."""
    if cursor is None:
        return wanted.until.isoformat() if wanted.until else LATEST
    before = cursors.decode(cursor, frozenset({"of", "before"}), of=wanted.mark)["before"]
    if not PLACE.fullmatch(before):
        raise InvalidRequest("this cursor is none of ours")
    return before
