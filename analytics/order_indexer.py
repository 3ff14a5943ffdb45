"""Keeps the operators' order index and the baskets: a Lambda function on the stream of the orders' table.

It indexes a placed order under its SKUs and its shopper. Of a confirmed order it writes the basket, for the products
that are bought together. All of that follows from the order alone, so records may come twice and in any order. Called
with ``{"rebuild": true}`` it indexes every order.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from oms.adapters.dynamodb.items import event_of
from oms.domain.baskets import basket_of
from oms.domain.events import OrderPlaced
from oms.domain.fold import fold
from oms.domain.order import Order
from oms.ports import Deps

PAGE_SIZE = 100
log = logging.getLogger(__name__)


def handler(event: Mapping[str, Any], context: Any) -> Mapping[str, Any]:
    from oms.adapters.wiring import deps

    return run(event, deps())


def run(event: Mapping[str, Any], deps: Deps) -> Mapping[str, Any]:
    """Returns the first record that failed, if any: Lambda retries from there on."""
    if event.get("rebuild"):
        return {"indexed": _index_all(deps)}
    changes, placed, processed = [record["dynamodb"] for record in event["Records"]], list[Order](), 0
    try:
        for change in changes:
            _process(change, placed, deps)
            processed += 1
    except Exception:  # Lambda retries this record and those after it
        log.exception("a record wasn't processed")
    try:
        deps.order_index.add(placed)  # all together, which takes fewer calls
    except Exception:
        log.exception("orders weren't indexed")
        processed = 0
    failed = changes[processed : processed + 1]
    return {"batchItemFailures": [{"itemIdentifier": change["SequenceNumber"]} for change in failed]}


def _process(change: Mapping[str, Any], placed: list[Order], deps: Deps) -> None:
    if change["NewImage"]["name"]["S"] == OrderPlaced.__name__:
        placed.append(fold([event_of(change["NewImage"])]))
    else:
        deps.baskets.add(basket_of(deps.orders.get(change["Keys"]["pk"]["S"])))


def _index_all(deps: Deps) -> int:
    count, cursor = 0, None
    while True:
        page = deps.orders.every(PAGE_SIZE, cursor)
        deps.order_index.add(page.items)
        count, cursor = count + len(page.items), page.cursor
        if cursor is None:
            return count
