"""Carts in DynamoDB: one item a cart, written under the condition that it is still the one that was read."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from oms.adapters import items
from oms.adapters.dynamodb import DynamoDB
from oms.adapters.dynamodb_stock import Action
from oms.domain.cart import Cart
from oms.domain.errors import CartChanged


def put_cart(table: str, cart: Cart, at: datetime) -> Action:
    """What writes the cart's next version."""
    item = items.cart_item(replace(cart, version=cart.version + 1), at)
    request: dict[str, Any] = {"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
    if cart.version:
        request["ConditionExpression"] = "version = :version"
        request["ExpressionAttributeValues"] = {":version": {"N": str(cart.version)}}
    return Action({"Put": request}, refusal=changed(cart))


def changed(cart: Cart) -> CartChanged:
    return CartChanged(f"the cart is past version {cart.version}: look at it again")


class DynamoCarts:
    def __init__(self, db: DynamoDB, table: str) -> None:
        self._db = db
        self._table = table

    def get(self, owner: str, at: datetime) -> Cart:
        """DynamoDB takes what has expired away within days, and tells it until then."""
        item = self._db.get(self._table, items.key(owner))
        if item is None:
            return Cart(owner)
        cart = items.cart_of(item)
        return cart if at.timestamp() < int(item["expires_at"]["N"]) else replace(cart, lines=())

    def save(self, cart: Cart, at: datetime) -> Cart:
        if self._db.transact([put_cart(self._table, cart, at).request]):
            raise changed(cart)
        return replace(cart, version=cart.version + 1)
