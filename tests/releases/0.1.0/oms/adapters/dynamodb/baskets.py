"""Baskets in DynamoDB: an item for each SKU of a basket, under a key that follows from the order.

So writing a basket twice changes nothing. Nothing is counted in advance: one query reads a product's latest baskets.
"""

from __future__ import annotations

from collections.abc import Sequence

from oms.adapters.dynamodb import items
from oms.adapters.dynamodb.client import DynamoDB
from oms.adapters.dynamodb.item_codec import item_codec
from oms.domain.baskets import RETENTION, Basket


class DynamoBaskets:
    def __init__(self, db: DynamoDB, table: str) -> None:
        self._db = db
        self._table = table

    def add(self, basket: Basket) -> None:
        self._db.batch_put(self._table, [_item(basket, sku) for sku in basket.skus])

    def with_product(self, sku: str, limit: int) -> Sequence[Basket]:
        request = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :sku",
            "ExpressionAttributeValues": {":sku": {"S": sku}},
            "ScanIndexForward": False,
        }
        return self._db.page(request, ("pk", "sk"), _basket, limit, None).items


def _item(basket: Basket, sku: str) -> items.Item:
    """DynamoDB deletes it some time after ``expires_at``."""
    key = items.key(sku, f"{basket.at.isoformat()}#{basket.order_id}")
    expires_at = {"N": str(int((basket.at + RETENTION).timestamp()))}
    return {**item_codec(Basket).encode(basket), **key, "expires_at": expires_at}


def _basket(item: items.Item) -> Basket:
    basket: Basket = item_codec(Basket).decode(item)
    return basket
