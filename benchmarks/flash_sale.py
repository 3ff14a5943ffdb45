"""Measures how many orders per second can reserve one SKU, by the number of shards of its stock.

    python -m benchmarks.flash_sale

AWS cancels a transaction if another one holds one of its items; no local DynamoDB does. So this benchmark adds such
conflicts in front of ministack: each transaction holds its items for a while, and another transaction with one of these
items is cancelled. The writers run the shop's own code.
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
"""Longer than on AWS, so that conflicts, not this machine, limit the writers."""
SHARD_COUNTS = (1, 2, 4, 8, 16)


class Conflicts:
    """Cancels transactions with an item that another transaction holds."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.count = 0
        self._held: set[str] = set()
        self._lock = Lock()

    def __call__(self, body: bytes, headers: Headers) -> tuple[int, bytes]:
        items = [_item_key(action) for action in json.loads(body).get("TransactItems", ())]
        with self._lock:
            conflicts = [item in self._held for item in items]
            if any(conflicts):
                self.count += 1
                return 400, json.dumps(_cancellation(conflicts)).encode()
            self._held.update(items)
        try:
            time.sleep(HELD_SECONDS if items else 0)
            return self.post(body, headers)
        finally:
            with self._lock:
                self._held.difference_update(items)


def _item_key(action: Mapping[str, Any]) -> str:
    (request,) = action.values()
    key = request.get("Key") or {name: request["Item"][name] for name in ("pk", "sk")}
    return json.dumps([request["TableName"], key], sort_keys=True)


def _cancellation(conflicts: list[bool]) -> Mapping[str, Any]:
    reasons = [{"Code": "TransactionConflict" if each else "None"} for each in conflicts]
    return {"__type": "TransactionCanceledException", "message": "conflict", "CancellationReasons": reasons}


def run_sale(post: Post, shards: int) -> str:
    """Run the sale; returns a row of the table."""
    tables = fresh_tables(AwsJsonClient(DYNAMODB, post))
    conflicts = Conflicts(post)
    inventory = in_tables(AwsJsonClient(DYNAMODB, conflicts), tables, Shards(shards)).inventory
    inventory.apply(receive("opening", [(SKU, UNITS)]))

    def reserve_unit(number: int) -> int:
        """Reserve a unit, with retries like the state machine's but without delays; returns the number of attempts."""
        attempts = 0
        while True:
            attempts += 1
            try:
                inventory.apply(reserve(f"ord_{number}:reserve", f"ord_{number}", [(SKU, 1)]))
            except StoreUnavailable:
                continue
            return attempts

    start = time.perf_counter()
    with ThreadPoolExecutor(WRITERS) as writers:
        attempts = list(writers.map(reserve_unit, range(ORDERS)))
    seconds = time.perf_counter() - start
    assert inventory.stock([SKU])[SKU] == Stock(SKU, UNITS, ORDERS)
    retries = sum(attempts) - ORDERS
    return f"{shards:>6}{ORDERS / seconds:>16.0f}{conflicts.count / ORDERS:>22.1f}{retries:>22}"


def main() -> None:
    print(f"{ORDERS} orders of one SKU by {WRITERS} writers, each transaction {HELD_SECONDS * 1000:.0f} ms")
    print(f"{'shards':>6}{'orders a second':>16}{'conflicts an order':>22}{'retries of tasks':>22}")
    with tempfile.TemporaryDirectory() as folder, ministack(Path(folder)) as url:
        for shards in SHARD_COUNTS:
            print(run_sale(at(url), shards))


if __name__ == "__main__":
    main()
