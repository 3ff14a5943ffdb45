"""Files orders by what they are found by: a Lambda on the stream of orders.

One that was placed is filed for operators, under its goods and its shopper. Of one that was confirmed the basket is
kept, for what was bought together. All of it follows from the order alone, so an order that is told of twice is kept
once, and turns don't matter. Called with ``{"rebuild": true}`` it files every order that there is.
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

READ_AT_ONCE = 100
log = logging.getLogger(__name__)


def handler(event: Mapping[str, Any], context: Any) -> Mapping[str, Any]:
    from oms.adapters.wiring import deps

    return run(event, deps())


def run(event: Mapping[str, Any], deps: Deps) -> Mapping[str, Any]:
    """Answers the first record that failed, if any: Lambda begins again there, and not before."""
    if event.get("rebuild"):
        return {"filed": _file_all(deps)}
    changes, placed, taken = [record["dynamodb"] for record in event["Records"]], list[Order](), 0
    try:
        for change in changes:
            _take(change, placed, deps)
            taken += 1
    except Exception:  # whatever it was: the rest is tried again
        log.exception("an order wasn't taken")
    try:
        deps.finder.file(placed)  # all at once, which takes fewer calls
    except Exception:
        log.exception("orders weren't filed")
        taken = 0
    return {"batchItemFailures": [{"itemIdentifier": each["SequenceNumber"]} for each in changes[taken : taken + 1]]}


def _take(change: Mapping[str, Any], placed: list[Order], deps: Deps) -> None:
    if change["NewImage"]["name"]["S"] == OrderPlaced.__name__:
        placed.append(fold([event_of(change["NewImage"])]))
    else:
        deps.baskets.add(basket_of(deps.orders.get(change["Keys"]["pk"]["S"])))


def _file_all(deps: Deps) -> int:
    count, cursor = 0, None
    while True:
        page = deps.orders.every(READ_AT_ONCE, cursor)
        deps.finder.file(page.items)
        count, cursor = count + len(page.items), page.cursor
        if cursor is None:
            return count
