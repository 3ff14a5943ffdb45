"""Keeps the search index up to date: a Lambda function on the streams of products and of stock.

A record only says which product changed. The function reads the product and indexes what it reads; the version is the
time in microseconds just before the read, so a later read wins. So records may come twice, late and in any order, and
the function may run concurrently.

Called with ``{"rebuild": true}`` it rebuilds the index, which can be searched and written to meanwhile.
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
PAGE_SIZE = 1000


def handler(event: Mapping[str, Any], context: Any) -> None:
    from oms.adapters.wiring import deps

    run(event, deps())


def run(event: Mapping[str, Any], deps: Deps) -> None:
    if event.get("rebuild"):
        deps.search.rebuild(_all_listings(deps))
    else:
        _follow(event, deps)


def _follow(event: Mapping[str, Any], deps: Deps) -> None:
    skus = set(_changed_skus(event))
    if not skus:
        return
    version = _version_now(deps.clock)
    products = deps.products.get(skus, consistent=True)
    if products:
        deps.search.index(_listings(deps, products.values(), version))
    if deleted := skus - products.keys():
        deps.search.delete(dict.fromkeys(deleted, version))


def _version_now(clock: Clock) -> int:
    return int(clock.now().timestamp() * 1_000_000)


def _all_listings(deps: Deps) -> Iterator[Listing]:
    cursor: str | None = None
    while True:
        version = _version_now(deps.clock)
        page = deps.products.every(PAGE_SIZE, cursor)
        yield from _listings(deps, page.items, version)
        cursor = page.cursor
        if cursor is None:
            return


def _listings(deps: Deps, products: Collection[Product], version: int) -> Iterator[Listing]:
    stock = deps.inventory.stock(product.sku for product in products)
    return (Listing(each, stock.get(each.sku, Stock(each.sku)).available > 0, version) for each in products)


def _changed_skus(event: Mapping[str, Any]) -> Iterator[str]:
    """The SKU of each record that the index has to follow."""
    for change in map(_change_in, event["Records"]):
        keys = change["Keys"]
        if "sk" not in keys or (keys["sk"]["S"].startswith(STOCK) and _availability_changed(change)):
            yield keys["pk"]["S"]


def _change_in(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The change in a record of DynamoDB's own stream, or of Kinesis, which carries that record as text."""
    dynamodb_record = json.loads(base64.b64decode(record["kinesis"]["data"])) if "kinesis" in record else record
    change: Mapping[str, Any] = dynamodb_record["dynamodb"]
    return change


def _availability_changed(change: Mapping[str, Any]) -> bool:
    """Whether the last unit was taken, or a first one came. Most movements of stock do neither."""
    before, after = (_any_left(change.get(image)) for image in ("OldImage", "NewImage"))
    return before != after


def _any_left(image: Mapping[str, Any] | None) -> bool:
    return image is not None and int(image["available"]["N"]) > 0
