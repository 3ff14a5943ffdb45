"""Keeps the baskets that shoppers paid for: a Lambda on the stream of orders, told of each that was confirmed.

A basket's place follows from its order, so an order that is told of twice is kept once.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from oms.domain.baskets import basket_of
from oms.ports import Deps

log = logging.getLogger(__name__)


def handler(event: Mapping[str, Any], context: Any) -> Mapping[str, Any]:
    from oms.adapters.wiring import deps

    return run(event, deps())


def run(event: Mapping[str, Any], deps: Deps) -> Mapping[str, Any]:
    """Answers the first record that failed, if any: Lambda begins again there, and not before."""
    for change in (record["dynamodb"] for record in event["Records"]):
        try:
            deps.baskets.add(basket_of(deps.orders.get(change["Keys"]["pk"]["S"])))
        except Exception:  # whatever it was: the rest is tried again
            log.exception("an order's basket wasn't kept")
            return {"batchItemFailures": [{"itemIdentifier": change["SequenceNumber"]}]}
    return {"batchItemFailures": []}
