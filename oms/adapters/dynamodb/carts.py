"""Carts in DynamoDB: an item each, written only over the version that was read."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from oms.adapters.dynamodb import items
from oms.adapters.dynamodb.client import DynamoDB
from oms.adapters.dynamodb.stock.writer import Action
from oms.domain.cart import Cart
from oms.domain.errors import CartChanged


def put_cart(table: str, cart: Cart, at: datetime) -> Action:
    """The action that writes the cart's next version."""
    item = items.cart_item(replace(cart, version=cart.version + 1), at)
    request: dict[str, Any] = {"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
    if cart.version:
        request["ConditionExpression"] = "version = :version"
        request["ExpressionAttributeValues"] = {":version": {"N": str(cart.version)}}
    return Action({"Put": request}, refusal=cart_changed(cart))


def cart_changed(cart: Cart) -> CartChanged:
    return CartChanged(f"the cart is past version {cart.version}: look at it again")


class DynamoCarts:
    def __init__(self, db: DynamoDB, table: str) -> None:
        self._db = db
        self._table = table

    def get(self, owner: str, at: datetime) -> Cart:
        """An expired cart reads as empty: DynamoDB deletes it only within days."""
        item = self._db.get(self._table, items.key(owner))
        if item is None:
            return Cart(owner)
        cart = items.cart_of(item)
        return cart if at.timestamp() < int(item["expires_at"]["N"]) else replace(cart, lines=())

    def save(self, cart: Cart, at: datetime) -> Cart:
        if self._db.transact([put_cart(self._table, cart, at).request]):
            raise cart_changed(cart)
        return replace(cart, version=cart.version + 1)
