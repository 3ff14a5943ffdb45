"""Keeps the search index behind the tables: a Lambda on the streams of products and of stock.

A record says only which product changed, and when; what stands in the tables now is what is indexed, as of that
moment. So records may come twice and in any order: the newest one's write is made after the last change, and an
older one's changes nothing. ``version`` is when, in microseconds.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from oms.domain.inventory import Stock
from oms.domain.search import Listing
from oms.ports import Deps

STOCK = "stock"
READ_AT_ONCE = 1000
MICROSECONDS = {"SECOND": 1_000_000, "MILLISECOND": 1_000, "MICROSECOND": 1}
"""How many a unit of a record's time has; a table's own stream tells seconds, Kinesis says what it tells."""


def handler(event: Mapping[str, Any], context: Any) -> None:
    from oms.adapters.wiring import deps

    run(event, deps())


def run(event: Mapping[str, Any], deps: Deps) -> None:
    versions: dict[str, int] = {}
    for sku, version in _changes(event):
        versions[sku] = max(version, versions.get(sku, 0))
    if not versions:
        return
    products = deps.products.get(versions, consistent=True)
    stock = deps.inventory.stock(products)
    deps.search.index(
        Listing(product, stock.get(sku, Stock(sku)).available > 0, versions[sku]) for sku, product in products.items()
    )
    gone = {sku: version for sku, version in versions.items() if sku not in products}
    if gone:
        deps.search.delete(gone)


def rebuild(deps: Deps) -> None:
    """Build the index anew, as of now: what changes from here on has a later version."""
    deps.search.rebuild(_standing(deps, version_at(deps.clock.now())))


def version_at(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)


def _standing(deps: Deps, version: int) -> Iterator[Listing]:
    cursor: str | None = None
    while True:
        page = deps.products.every(READ_AT_ONCE, cursor)
        stock = deps.inventory.stock(product.sku for product in page.items)
        for product in page.items:
            yield Listing(product, stock.get(product.sku, Stock(product.sku)).available > 0, version)
        cursor = page.cursor
        if cursor is None:
            return


def _changes(event: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """The SKU and the time of each record that the index has to follow."""
    for change in map(_told, event["Records"]):
        keys = change["Keys"]
        if "sk" not in keys or (keys["sk"]["S"] == STOCK and _turned(change)):
            unit = MICROSECONDS[change.get("ApproximateCreationDateTimePrecision", "SECOND")]
            yield keys["pk"]["S"], round(change["ApproximateCreationDateTime"] * unit)


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
