"""Orders in DynamoDB: one transaction writes an order with its events, its ledger entries and its stock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import reduce

from oms.adapters.dynamodb import items
from oms.adapters.dynamodb.carts import put_cart
from oms.adapters.dynamodb.client import DynamoDB
from oms.adapters.dynamodb.credit import credit_actions
from oms.adapters.dynamodb.discounts import code_actions
from oms.adapters.dynamodb.stock.shards import UNSPLIT, Shards
from oms.adapters.dynamodb.stock.writer import Action, StockWriter, put, put_new
from oms.domain.change import Change, MoneyEntry, recorded
from oms.domain.errors import OrderChanged, OrderNotFound
from oms.domain.events import Recorded
from oms.domain.fold import apply, fold
from oms.domain.order import Order
from oms.ports import Page

BY_CUSTOMER = ("customer_id", "placed_at", "pk", "sk")
BY_QUEUE = ("queue", "queued_at", "pk", "sk")


class DynamoOrders:
    def __init__(
        self, db: DynamoDB, table: str, inventory_table: str, carts_table: str = "", shards: Shards = UNSPLIT
    ) -> None:
        """``carts_table`` is needed only to create orders from carts."""
        self._db = db
        self._table = table
        self._stock = StockWriter(db, inventory_table, shards)
        self._carts_table = carts_table

    def create(self, change: Change, at: datetime, by: str) -> Order:
        events = recorded(None, change, at, by)
        order = fold(events)
        first = put_new(self._table, items.order_item(order))
        cart = [put_cart(self._carts_table, change.cart, at)] if change.cart else []
        credit = credit_actions(self._table, change.credit, at, by)
        failed = self._stock.write(
            [first, *cart, *credit, *self._other_actions(order.id, change, events)], change.stock
        )
        if first in failed:
            return self.get(order.id)
        self._raise_refusal(failed, order)
        return order

    def get(self, order_id: str) -> Order:
        item = self._db.get(self._table, items.key(order_id, items.ORDER))
        if item is None:
            raise OrderNotFound(f"there is no order {order_id}")
        return items.order_of(item)

    def numbered(self, number: str) -> Order:
        request = self._db.index_request(self._table, "by_number", ("number", number))
        order_ids = self._db.page(request, ("number", "pk", "sk"), lambda item: item["pk"]["S"], 1, None)
        if not order_ids.items:
            raise OrderNotFound(f"there is no order {number}")
        return self.get(order_ids.items[0])

    def save(self, order: Order, change: Change, at: datetime, by: str) -> Order:
        if not change:
            return order
        events = recorded(order, change, at, by)
        after = reduce(apply, events, order)
        credit = credit_actions(self._table, change.credit, at, by)
        actions = [self._update(order, after), *credit, *self._other_actions(order.id, change, events)]
        self._raise_refusal(self._stock.write(actions, change.stock), order)
        return after

    @staticmethod
    def _raise_refusal(failed: Sequence[Action], order: Order) -> None:
        refusal = next((action.refusal for action in failed if action.refusal), None)
        if refusal:
            raise refusal
        if failed:
            raise OrderChanged(f"order {order.id} is past version {order.version}, or an effect was written before")

    def _update(self, before: Order, after: Order) -> Action:
        condition = {
            "TableName": self._table,
            "ConditionExpression": "#version = :version",
            "ExpressionAttributeNames": {"#version": "version"},
            "ExpressionAttributeValues": {":version": {"N": str(before.version)}},
        }
        if after is before:
            return Action({"ConditionCheck": {**condition, "Key": items.key(before.id, items.ORDER)}})
        return Action({"Put": {**condition, "Item": items.order_item(after)}})

    def _other_actions(self, order_id: str, change: Change, events: Iterable[Recorded]) -> Iterator[Action]:
        yield from (put(self._table, items.event_item(order_id, event)) for event in events)
        yield from (put_new(self._table, items.money_item(entry)) for entry in change.money)
        yield from code_actions(self._table, change.codes)
        yield from (self._wait(order_id, name, token) for name, token in change.waits.items())

    def _wait(self, order_id: str, name: str, token: str) -> Action:
        request = {
            "TableName": self._table,
            "Key": items.key(order_id, items.WAITS + name),
            "UpdateExpression": "ADD #tokens :token",
            "ExpressionAttributeNames": {"#tokens": "tokens"},
            "ExpressionAttributeValues": {":token": {"SS": [token]}},
        }
        return Action({"Update": request})

    def events(self, order_id: str) -> Sequence[Recorded]:
        return [items.event_of(item) for item in self._db.with_prefix(self._table, order_id, items.EVENTS)]

    def money(self, order_id: str) -> Sequence[MoneyEntry]:
        return [items.money_of(item) for item in self._db.with_prefix(self._table, order_id, items.MONEY)]

    def waits(self, order_id: str, name: str) -> Sequence[str]:
        item = self._db.get(self._table, items.key(order_id, items.WAITS + name))
        return item["tokens"]["SS"] if item else ()

    def of_customer(self, customer_id: str, limit: int, cursor: str | None = None) -> Page[Order]:
        partition = ("customer_id", customer_id)
        request = self._db.index_request(self._table, "by_customer", partition, ScanIndexForward=False)
        return self._db.page(request, BY_CUSTOMER, items.order_of, limit, cursor, customer_id=customer_id)

    def in_queue(self, queue: str, limit: int, cursor: str | None = None) -> Page[Order]:
        request = self._db.index_request(self._table, "by_queue", ("queue", queue))
        return self._db.page(request, BY_QUEUE, items.order_of, limit, cursor, queue=queue)

    def every(self, limit: int, cursor: str | None = None) -> Page[Order]:
        """Reads an index that holds only orders. It may be some moments behind the table."""
        request = {"TableName": self._table, "IndexName": "by_customer"}
        return self._db.page(request, BY_CUSTOMER, items.order_of, limit, cursor)
