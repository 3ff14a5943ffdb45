"""Stock counters and their ledger in DynamoDB. A counter moves only under a condition, in the entry's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from oms.adapters import items, stock_rules
from oms.adapters.dynamodb import DynamoDB
from oms.domain.inventory import Movement, Stock, StockEntry
from oms.ports import Page


class Action(NamedTuple):
    """One action of a transaction; ``movement`` is what it asks of the stock, if anything."""

    request: Mapping[str, Any]
    movement: Movement | None = None


def put(table: str, item: items.Item) -> Action:
    return Action({"Put": {"TableName": table, "Item": item}})


def put_new(table: str, item: items.Item) -> Action:
    request = {"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
    return Action({"Put": request})


def stock_actions(table: str, entries: Iterable[StockEntry]) -> Iterator[Action]:
    """What writes the entries and moves their counters."""
    entries = tuple(entries)
    yield from (put_new(table, items.entry_item(entry)) for entry in entries)
    yield from (_move(table, movement) for movement in stock_rules.sums(entries).values())


def _move(table: str, movement: Movement) -> Action:
    """``available`` is kept beside the counters that it follows from: a condition can't subtract."""
    added = {
        "on_hand": movement.on_hand,
        "reserved": movement.reserved,
        "available": stock_rules.available(movement),
    }
    values = {f":{name}": {"N": str(count)} for name, count in added.items()}
    request: dict[str, Any] = {
        "TableName": table,
        "Key": items.key(movement.sku, items.STOCK),
        "UpdateExpression": "ADD on_hand :on_hand, reserved :reserved, available :available",
        "ExpressionAttributeValues": values,
    }
    taken = [name for name in ("available", "reserved") if added[name] < 0]
    if taken:
        values.update({f":{name}_needed": {"N": str(-added[name])} for name in taken})
        request["ConditionExpression"] = " AND ".join(f"{name} >= :{name}_needed" for name in taken)
    return Action({"Update": request}, movement)


class DynamoInventory:
    def __init__(self, db: DynamoDB, table: str) -> None:
        self._db = db
        self._table = table

    def apply(self, entry: StockEntry) -> bool:
        actions = list(stock_actions(self._table, [entry]))
        failed = [actions[place].movement for place in self._db.transact([each.request for each in actions])]
        if None in failed:
            return False
        if failed:
            raise stock_rules.refusal(movement for movement in failed if movement)
        return True

    def entry(self, effect_id: str) -> StockEntry | None:
        item = self._db.get(self._table, items.key(effect_id, items.ENTRY))
        return items.entry_of(item) if item else None

    def stock(self, skus: Iterable[str]) -> Mapping[str, Stock]:
        keys = [items.key(sku, items.STOCK) for sku in dict.fromkeys(skus)]
        found = map(items.stock_of, self._db.batch_get(self._table, keys, consistent=True))
        return {stock.sku: stock for stock in found}

    def every_stock(self, limit: int, cursor: str | None = None) -> Page[Stock]:
        return self._db.page(self._every(items.STOCK), ("pk", "sk"), items.stock_of, limit, cursor, sk=items.STOCK)

    def every_entry(self, limit: int, cursor: str | None = None) -> Page[StockEntry]:
        return self._db.page(self._every(items.ENTRY), ("pk", "sk"), items.entry_of, limit, cursor, sk=items.ENTRY)

    def _every(self, sk: str) -> Mapping[str, Any]:
        return {
            "TableName": self._table,
            "ConsistentRead": True,
            "FilterExpression": "sk = :sk",
            "ExpressionAttributeValues": {":sk": {"S": sk}},
        }
