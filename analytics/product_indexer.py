"""Keeps the search index behind the tables: a Lambda on the streams of products and of stock.

A record says only which product changed. What stands in the tables now is what is indexed, and its version is the
moment, in microseconds, just before it was read: whoever read later knows more. So records may come twice, late and in
any order, and two of these may run at once.

Called with ``{"rebuild": true}`` it builds the index anew, while it is searched and written to.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from oms.domain.catalogue import Product
from oms.domain.inventory import Stock
from oms.domain.search import Listing
from oms.ports import Clock, Deps

STOCK = "stock"
READ_AT_ONCE = 1000


def handler(event: Mapping[str, Any], context: Any) -> None:
    from oms.adapters.wiring import deps

    run(event, deps())


def run(event: Mapping[str, Any], deps: Deps) -> None:
    if event.get("rebuild"):
        deps.search.rebuild(_standing(deps))
    else:
        _follow(event, deps)


def _follow(event: Mapping[str, Any], deps: Deps) -> None:
    skus = set(_changed(event))
    if not skus:
        return
    version = _version_now(deps.clock)
    products = deps.products.get(skus, consistent=True)
    if products:
        deps.search.index(_listings(deps, products.values(), version))
    if gone := skus - products.keys():
        deps.search.delete(dict.fromkeys(gone, version))


def _version_now(clock: Clock) -> int:
    return int(clock.now().timestamp() * 1_000_000)


def _standing(deps: Deps) -> Iterator[Listing]:
    cursor: str | None = None
    while True:
        version = _version_now(deps.clock)
        page = deps.products.every(READ_AT_ONCE, cursor)
        yield from _listings(deps, page.items, version)
        cursor = page.cursor
        if cursor is None:
            return


def _listings(deps: Deps, products: Collection[Product], version: int) -> Iterator[Listing]:
    stock = deps.inventory.stock(product.sku for product in products)
    return (Listing(each, stock.get(each.sku, Stock(each.sku)).available > 0, version) for each in products)


def _changed(event: Mapping[str, Any]) -> Iterator[str]:
    """The SKU of each record that the index has to follow."""
    for change in map(_told, event["Records"]):
        keys = change["Keys"]
        if "sk" not in keys or (keys["sk"]["S"].startswith(STOCK) and _turned(change)):
            yield keys["pk"]["S"]


def _told(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """A change as DynamoDB tells it, from its own stream or from Kinesis, which carries the record as text."""
    carried = json.loads(base64.b64decode(record["kinesis"]["data"])) if "kinesis" in record else record
    change: Mapping[str, Any] = carried["dynamodb"]
    return change


def _turned(change: Mapping[str, Any]) -> bool:
    """Whether the last unit went, or a first one came: what most movements of stock don't."""
    before, after = (_any_left(change.get(image)) for image in ("OldImage", "NewImage"))
    return before != after


def _any_left(image: Mapping[str, Any] | None) -> bool:
    return image is not None and int(image["available"]["N"]) > 0
