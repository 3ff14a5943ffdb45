"""The stock counters and their ledger in DynamoDB. A SKU's stock is the sum of all its counters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any

from oms.adapters.dynamodb import items
from oms.adapters.dynamodb.client import DynamoDB
from oms.adapters.dynamodb.stock.shards import UNSPLIT, Shards
from oms.adapters.dynamodb.stock.writer import StockWriter
from oms.domain.inventory import Movement, Stock, StockEntry
from oms.ports import Page


class DynamoInventory:
    def __init__(self, db: DynamoDB, table: str, shards: Shards = UNSPLIT) -> None:
        self._db = db
        self._table = table
        self._writer = StockWriter(db, table, shards)

    def apply(self, entry: StockEntry) -> bool:
        return not self._writer.write((), [entry])

    def entry(self, effect_id: str) -> StockEntry | None:
        item = self._db.get(self._table, items.key(effect_id, items.ENTRY))
        return items.entry_of(item) if item else None

    def stock(self, skus: Iterable[str]) -> Mapping[str, Stock]:
        keys = [items.key(sku, items.STOCK) for sku in dict.fromkeys(skus)]
        totals = map(self._total, self._db.batch_get(self._table, keys, consistent=True))
        return {stock.sku: stock for stock in totals}

    def every_stock(self, limit: int, cursor: str | None = None) -> Page[Stock]:
        return self._db.page(self._every(items.STOCK), ("pk", "sk"), self._total, limit, cursor, sk=items.STOCK)

    def _total(self, first: items.Item) -> Stock:
        """The sum of all counters of the SKU. ``first`` is the first of them."""
        if items.MOVES not in first:
            return items.stock_of(first)
        shards = map(items.stock_of, self._db.with_prefix(self._table, first["pk"]["S"], items.STOCK))
        return reduce(lambda total, each: total.moved(Movement(each.sku, each.on_hand, each.reserved)), shards)

    def every_entry(self, limit: int, cursor: str | None = None) -> Page[StockEntry]:
        return self._db.page(self._every(items.ENTRY), ("pk", "sk"), items.entry_of, limit, cursor, sk=items.ENTRY)

    def _every(self, sk: str) -> Mapping[str, Any]:
        return {
            "TableName": self._table,
            "ConsistentRead": True,
            "FilterExpression": "sk = :sk",
            "ExpressionAttributeValues": {":sk": {"S": sk}},
        }
