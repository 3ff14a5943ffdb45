"""The catalogue in DynamoDB."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from oms.adapters.dynamodb import items
from oms.adapters.dynamodb.client import DynamoDB
from oms.domain.catalogue import Product
from oms.ports import Page


class DynamoProducts:
    def __init__(self, db: DynamoDB, table: str) -> None:
        self._db = db
        self._table = table

    def get(self, skus: Iterable[str], consistent: bool = False) -> Mapping[str, Product]:
        keys = [items.key(sku) for sku in dict.fromkeys(skus)]
        products = map(items.product_of, self._db.batch_get(self._table, keys, consistent))
        return {product.sku: product for product in products}

    def put(self, products: Iterable[Product]) -> None:
        by_sku = {product.sku: product for product in products}
        self._db.batch_put(self._table, [items.product_item(product) for product in by_sku.values()])

    def change(self, before: Product | None, after: Product) -> bool:
        request: dict[str, Any] = {"TableName": self._table, "Item": items.product_item(after)}
        if before is None:
            request["ConditionExpression"] = "attribute_not_exists(pk)"
        else:
            old_item = items.product_item(before)
            request["ConditionExpression"] = " AND ".join(f"#{name} = :{name}" for name in old_item)
            request["ExpressionAttributeNames"] = {f"#{name}": name for name in old_item}
            request["ExpressionAttributeValues"] = {f":{name}": value for name, value in old_item.items()}
        return not self._db.transact([{"Put": request}])

    def in_department(self, department: str, limit: int, cursor: str | None = None) -> Page[Product]:
        request = self._db.index_request(self._table, "by_department", ("department", department))
        key = ("department", "name", "pk")
        return self._db.page(request, key, items.product_of, limit, cursor, department=department)

    def every(self, limit: int, cursor: str | None = None) -> Page[Product]:
        request = {"TableName": self._table, "ConsistentRead": True}
        return self._db.page(request, ("pk",), items.product_of, limit, cursor)
