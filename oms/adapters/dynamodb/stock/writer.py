"""Writes stock in DynamoDB: a counter moves under a condition, in one transaction with its ledger entry.

A SKU's counters are the item ``stock``, and ``stock#01`` and so on if they are split. Split counters count their own
moves. So two equal readings of all of them show one moment, and a first counter with moves says that there are others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from oms.adapters import stock_rules
from oms.adapters.dynamodb import items
from oms.adapters.dynamodb.client import DynamoDB
from oms.adapters.dynamodb.items import Item
from oms.adapters.dynamodb.stock.shards import Shards, drawn
from oms.domain.errors import OmsError, StoreUnavailable
from oms.domain.inventory import Movement, StockEntry

ATTEMPTS = 10
"""How often others may move the stock between reading and writing it. Each time, one of them made progress."""


class Action(NamedTuple):
    """An action of a transaction. ``sku`` is the product whose stock it moves, if any. ``refusal`` is the error if its
    condition fails."""

    request: Mapping[str, Any]
    sku: str | None = None
    refusal: OmsError | None = None


def put(table: str, item: Item) -> Action:
    return Action({"Put": {"TableName": table, "Item": item}})


def put_new(table: str, item: Item) -> Action:
    request = {"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
    return Action({"Put": request})


class ShardMovement(NamedTuple):
    """A movement, with the shard that it belongs to."""

    movement: Movement
    home: int


class StockWriter:
    def __init__(self, db: DynamoDB, table: str, shards: Shards) -> None:
        self._db = db
        self._table = table
        self._shards = shards

    def write(self, others: Iterable[Action], entries: Sequence[StockEntry]) -> list[Action]:
        """Write the entries, move their stock and do the other actions, all or nothing.

        Returns the other actions whose condition failed. Raises ``OutOfStock``, or ``UnexpectedState`` if more would be
        released or shipped than was reserved.
        """
        fixed = [*others, *(put_new(self._table, items.entry_item(entry)) for entry in entries)]
        planned = {sku: self._planned(movement, entries[0]) for sku, movement in stock_rules.sums(entries).items()}
        moves = {sku: self._moves({each.home: each.movement}) for sku, each in planned.items()}
        for _ in range(ATTEMPTS):
            failed = self._transact([*fixed, *chain.from_iterable(moves.values())])
            refused = [action for action in failed if action.sku is None]
            if refused or not failed:
                return refused
            self._draw(
                moves,
                {action.sku: planned[action.sku] for action in failed if action.sku},
                stock_rules.MAX_ACTIONS - len(fixed),
            )
        raise StoreUnavailable(f"others moved the stock of {', '.join(planned)} each time")

    def _planned(self, movement: Movement, entry: StockEntry) -> ShardMovement:
        return ShardMovement(movement, self._shards.home(movement, entry.order_id or entry.effect_id))

    def _draw(self, moves: dict[str, list[Action]], short: Mapping[str, ShardMovement], room: int) -> None:
        """Let each home shard draw on the others: in the same transaction, or before it if that has no room."""
        drawn_by_sku = {sku: self._drawn(each) for sku, each in short.items()}
        draws = {sku: each for sku, each in drawn_by_sku.items() if each is not None}
        if len(draws) < len(short):
            raise stock_rules.refusal(short[sku].movement for sku in short.keys() - draws.keys())
        for sku, (movement, home) in short.items():
            moves[sku] = self._moves({**draws[sku], home: draws[sku][home].plus(movement)})
        if sum(map(len, moves.values())) > room:
            for sku, (movement, home) in short.items():
                self._transact(self._moves(draws[sku]))
                moves[sku] = self._moves({home: movement})

    def _drawn(self, planned: ShardMovement) -> dict[int, Movement] | None:
        """The movements between shards; None if all of them together were short at one moment."""
        counters = self._counters(planned.movement.sku)
        for _ in range(ATTEMPTS):
            draws = drawn(*planned, {items.shard_of(item): items.stock_of(item) for item in counters})
            if draws is not None or len(counters) < 2:
                return draws
            before, counters = counters, self._counters(planned.movement.sku)
            if counters == before:
                return None
        raise StoreUnavailable(f"others moved the stock of {planned.movement.sku} each time")

    def _counters(self, sku: str) -> list[Item]:
        return list(self._db.with_prefix(self._table, sku, items.STOCK))

    def _transact(self, actions: Sequence[Action]) -> list[Action]:
        """Write the actions. Returns those whose condition failed."""
        return [actions[position] for position in self._db.transact([action.request for action in actions])]

    def _moves(self, by_shard: Mapping[int, Movement]) -> list[Action]:
        """A second counter is only made in one transaction with a move of the first, which then says that it exists."""
        return [self._move(shard, movement, len(by_shard) > 1) for shard, movement in by_shard.items()]

    def _move(self, shard: int, movement: Movement, is_split: bool) -> Action:
        """``available`` is stored although it follows from the counters, because a condition can't subtract."""
        added = {"on_hand": movement.on_hand, "reserved": movement.reserved, "available": movement.available}
        taken = [name for name in ("available", "reserved") if added[name] < 0]
        if taken:  # so the counters exist
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
