"""Stock counters and their ledger in DynamoDB. What is read of a SKU is the sum of all counters that it has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any

from oms.adapters import items
from oms.adapters.dynamodb import DynamoDB
from oms.adapters.dynamodb_stock import StockWriter
from oms.adapters.stock_shards import UNSPLIT, Shards
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
        found = map(self._total, self._db.batch_get(self._table, keys, consistent=True))
        return {stock.sku: stock for stock in found}

    def every_stock(self, limit: int, cursor: str | None = None) -> Page[Stock]:
        return self._db.page(self._every(items.STOCK), ("pk", "sk"), self._total, limit, cursor, sk=items.STOCK)

    def _total(self, first: items.Item) -> Stock:
        """Of all counters of the SKU whose first one this is."""
        if items.MOVES not in first:
            return items.stock_of(first)
        shards = map(items.stock_of, self._db.below(self._table, first["pk"]["S"], items.STOCK))
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
