"""Writes of stock in DynamoDB: a counter moves only under a condition, in the transaction of its ledger entry.

A SKU's counters are the item ``stock``, and ``stock#01`` and so on where they are split. Each of those counts its own
moves, so two readings that are the same show one moment; and a first one that does so has others beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from oms.adapters import items, stock_rules
from oms.adapters.dynamodb import DynamoDB
from oms.adapters.items import Item
from oms.adapters.stock_shards import Shards, drawn
from oms.domain.errors import OmsError, StoreUnavailable
from oms.domain.inventory import Movement, StockEntry

LOOKS = 10
"""So often others may move the stock under our eyes. Each time, one of them got on."""


class Action(NamedTuple):
    """One action of a transaction; ``sku`` is whose stock it moves, if any's, and ``refusal`` what its condition says
    where it fails."""

    request: Mapping[str, Any]
    sku: str | None = None
    refusal: OmsError | None = None


def put(table: str, item: Item) -> Action:
    return Action({"Put": {"TableName": table, "Item": item}})


def put_new(table: str, item: Item) -> Action:
    request = {"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
    return Action({"Put": request})


class Wanted(NamedTuple):
    """A movement, and the shard that it is to take place in."""

    movement: Movement
    home: int


class StockWriter:
    def __init__(self, db: DynamoDB, table: str, shards: Shards) -> None:
        self._db = db
        self._table = table
        self._shards = shards

    def write(self, others: Iterable[Action], entries: Sequence[StockEntry]) -> list[Action]:
        """Write the entries, move their stock and do the other actions, all or nothing.

        Answers which failed by their condition, but for stock's: of that it raises ``OutOfStock``, or
        ``UnexpectedState`` where more is to be released or shipped than was reserved.
        """
        fixed = [*others, *(put_new(self._table, items.entry_item(entry)) for entry in entries)]
        wanted = {sku: self._wanted(movement, entries[0]) for sku, movement in stock_rules.sums(entries).items()}
        moves = {sku: self._moves({each.home: each.movement}) for sku, each in wanted.items()}
        for _ in range(LOOKS):
            failed = self._transact([*fixed, *chain.from_iterable(moves.values())])
            refused = [action for action in failed if action.sku is None]
            if refused or not failed:
                return refused
            self._draw(
                moves,
                {action.sku: wanted[action.sku] for action in failed if action.sku},
                stock_rules.AT_ONCE - len(fixed),
            )
        raise StoreUnavailable(f"others moved the stock of {', '.join(wanted)} each time")

    def _wanted(self, movement: Movement, entry: StockEntry) -> Wanted:
        return Wanted(movement, self._shards.home(movement, entry.order_id or entry.effect_id))

    def _draw(self, moves: dict[str, list[Action]], short: Mapping[str, Wanted], room: int) -> None:
        """Let each home draw on the others in the same transaction; before it, where there is no room."""
        handed = {sku: self._handed_on(each) for sku, each in short.items()}
        given = {sku: each for sku, each in handed.items() if each is not None}
        if len(given) < len(short):
            raise stock_rules.refusal(short[sku].movement for sku in short.keys() - given.keys())
        for sku, (movement, home) in short.items():
            moves[sku] = self._moves({**given[sku], home: given[sku][home].plus(movement)})
        if sum(map(len, moves.values())) > room:
            for sku, (movement, home) in short.items():
                self._transact(self._moves(given[sku]))
                moves[sku] = self._moves({home: movement})

    def _handed_on(self, wanted: Wanted) -> dict[int, Movement] | None:
        """What the shards are to hand on; None where all of them together are short, and were so at one moment."""
        seen = self._counters(wanted.movement.sku)
        for _ in range(LOOKS):
            handed = drawn(*wanted, {items.shard_of(item): items.stock_of(item) for item in seen})
            if handed is not None or len(seen) < 2:
                return handed
            before, seen = seen, self._counters(wanted.movement.sku)
            if seen == before:
                return None
        raise StoreUnavailable(f"others moved the stock of {wanted.movement.sku} each time")

    def _counters(self, sku: str) -> list[Item]:
        return list(self._db.below(self._table, sku, items.STOCK))

    def _transact(self, actions: Sequence[Action]) -> list[Action]:
        """Those whose condition failed."""
        return [actions[place] for place in self._db.transact([action.request for action in actions])]

    def _moves(self, by_shard: Mapping[int, Movement]) -> list[Action]:
        """A second counter is only ever made together with a move of the first, which tells of it from then on."""
        return [self._move(shard, movement, len(by_shard) > 1) for shard, movement in by_shard.items()]

    def _move(self, shard: int, movement: Movement, is_split: bool) -> Action:
        """``available`` is kept beside the counters that it follows from: a condition can't subtract."""
        added = {"on_hand": movement.on_hand, "reserved": movement.reserved, "available": movement.available}
        taken = [name for name in ("available", "reserved") if added[name] < 0]
        if taken:  # so the counters are there
            added = {name: count for name, count in added.items() if count}
        if is_split or self._shards.count(movement.sku) > 1:
            added[items.MOVES] = 1
        request: dict[str, Any] = {
            "TableName": self._table,
            "Key": items.stock_key(movement.sku, shard),
            "UpdateExpression": "ADD " + ", ".join(f"{name} :{name}" for name in added),
            "ExpressionAttributeValues": {f":{name}": {"N": str(count)} for name, count in added.items()},
        }
        if taken:
            needed = {f":{name}_needed": {"N": str(-added[name])} for name in taken}
            request["ExpressionAttributeValues"].update(needed)
            request["ConditionExpression"] = " AND ".join(f"{name} >= :{name}_needed" for name in taken)
        return Action({"Update": request}, movement.sku)
