"""Baskets in DynamoDB: an item for each SKU of a basket, under a key that the order alone decides.

So a basket that comes twice is written over itself, and nothing is counted until somebody asks: what goes with a
product is in one query of its latest baskets.
"""

from __future__ import annotations

from collections.abc import Sequence

from oms.adapters import items
from oms.adapters.codec import item_codec
from oms.adapters.dynamodb import DynamoDB
from oms.domain.baskets import KEPT, Basket


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
    """DynamoDB takes it away some time after ``expires_at``."""
    key = items.key(sku, f"{basket.at.isoformat()}#{basket.order_id}")
    expires_at = {"N": str(int((basket.at + KEPT).timestamp()))}
    return {**item_codec(Basket).encode(basket), **key, "expires_at": expires_at}


def _basket(item: items.Item) -> Basket:
    basket: Basket = item_codec(Basket).decode(item)
    return basket
