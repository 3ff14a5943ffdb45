"""How many orders a second can hold one SKU, by how many shards its stock has.

    python -m benchmarks.flash_sale

No DynamoDB on one machine turns a transaction away because another is at one of its items, as AWS does. So that is done
here, before ministack: each transaction holds its items for a while, and whoever wants one of them meanwhile is told of
a conflict. What the writers do then is the shop's own code.
"""

# ruff: noqa: T201

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any

from oms.adapters.aws.clients import DYNAMODB
from oms.adapters.aws.json_protocol import AwsJsonClient, Headers, Post
from oms.adapters.dynamodb.stock.shards import Shards
from oms.domain.errors import StoreUnavailable
from oms.domain.inventory import Stock, receive, reserve
from tests.contract.stores import at, fresh_tables, in_tables, ministack

SKU = "RED-LAMP"
ORDERS = 300
WRITERS = 16
UNITS = 10 * ORDERS
HELD_SECONDS = 0.05
"""Longer than on AWS, so that it isn't this machine that holds the writers up."""
COUNTS = (1, 2, 4, 8, 16)


class Conflicts:
    """Turns away the transactions that want an item which another one is at."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.count = 0
        self._held: set[str] = set()
        self._lock = Lock()

    def __call__(self, body: bytes, headers: Headers) -> tuple[int, bytes]:
        items = [_item(action) for action in json.loads(body).get("TransactItems", ())]
        with self._lock:
            wanted = [item in self._held for item in items]
            if any(wanted):
                self.count += 1
                return 400, json.dumps(_cancelled(wanted)).encode()
            self._held.update(items)
        try:
            time.sleep(HELD_SECONDS if items else 0)
            return self.post(body, headers)
        finally:
            with self._lock:
                self._held.difference_update(items)


def _item(action: Mapping[str, Any]) -> str:
    (request,) = action.values()
    key = request.get("Key") or {name: request["Item"][name] for name in ("pk", "sk")}
    return json.dumps([request["TableName"], key], sort_keys=True)


def _cancelled(wanted: list[bool]) -> Mapping[str, Any]:
    reasons = [{"Code": "TransactionConflict" if each else "None"} for each in wanted]
    return {"__type": "TransactionCanceledException", "message": "conflict", "CancellationReasons": reasons}


def sale(post: Post, shards: int) -> str:
    """A row of what came of it."""
    tables = fresh_tables(AwsJsonClient(DYNAMODB, post))
    conflicts = Conflicts(post)
    inventory = in_tables(AwsJsonClient(DYNAMODB, conflicts), tables, Shards(shards)).inventory
    inventory.apply(receive("opening", [(SKU, UNITS)]))

    def ordered(n: int) -> int:
        """How often it had to be asked for: as often as the state machine asks again, and without its pauses."""
        asked = 0
        while True:
            asked += 1
            try:
                inventory.apply(reserve(f"ord_{n}:reserve", f"ord_{n}", [(SKU, 1)]))
            except StoreUnavailable:
                continue
            return asked

    start = time.perf_counter()
    with ThreadPoolExecutor(WRITERS) as writers:
        asked = list(writers.map(ordered, range(ORDERS)))
    seconds = time.perf_counter() - start
    assert inventory.stock([SKU])[SKU] == Stock(SKU, UNITS, ORDERS)
    again = sum(asked) - ORDERS
    return f"{shards:>6}{ORDERS / seconds:>16.0f}{conflicts.count / ORDERS:>22.1f}{again:>22}"


def main() -> None:
    print(f"{ORDERS} orders of one SKU by {WRITERS} writers, each transaction {HELD_SECONDS * 1000:.0f} ms")
    print(f"{'shards':>6}{'orders a second':>16}{'conflicts an order':>22}{'tasks tried again':>22}")
    with tempfile.TemporaryDirectory() as folder, ministack(Path(folder)) as url:
        for shards in COUNTS:
            print(sale(at(url), shards))


if __name__ == "__main__":
    main()
