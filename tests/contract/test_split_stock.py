"""Split counters keep the contract of one counter, even while the number of shards changes."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from oms.adapters.aws.clients import DYNAMODB
from oms.adapters.aws.json_protocol import AwsJsonClient, Headers, Post
from oms.adapters.dynamodb.stock.shards import Shards
from oms.domain import inventory as stock
from oms.domain.errors import OmsError, OutOfStock, UnexpectedState
from oms.domain.inventory import Stock, StockEntry
from oms.ports import Inventory
from tests.contract.listings import walked
from tests.contract.orders import stocked
from tests.contract.stores import fresh_tables, in_memory, in_tables

Split = Callable[[int], Inventory]
STEPS = 120


class Calls:
    """Forwards calls to DynamoDB, and records them."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.names: list[str] = []
        self.actions: list[Any] = []

    def __call__(self, body: bytes, headers: Headers) -> tuple[int, bytes]:
        self.names.append(headers["X-Amz-Target"].rpartition(".")[2])
        self.actions.append(json.loads(body).get("TransactItems", ()))
        return self.post(body, headers)


@pytest.fixture
def calls(remote: Post) -> Calls:
    return Calls(remote)


@pytest.fixture
def api(calls: Calls) -> AwsJsonClient:
    return AwsJsonClient(DYNAMODB, calls)


@pytest.fixture
def split(api: AwsJsonClient, calls: Calls) -> Split:
    """One inventory, through adapters with different numbers of shards."""
    tables = fresh_tables(api)
    del calls.names[:], calls.actions[:]
    return lambda shards: in_tables(api, tables, Shards(shards)).inventory


def reserve(inventory: Inventory, order_id: str, units: int = 1) -> bool:
    return inventory.apply(stock.reserve(f"{order_id}:reserve", order_id, [("LAMP", units)]))


def test_one_counter_costs_one_call_and_is_the_item_that_it_always_was(
    split: Split, api: AwsJsonClient, calls: Calls
) -> None:
    stocked(split(1), LAMP=5)
    reserve(split(1), "ord_1")

    assert calls.names == ["TransactWriteItems"] * 2
    update = calls.actions[1][1]["Update"]
    assert update["Key"] == {"pk": {"S": "LAMP"}, "sk": {"S": "stock"}}
    item = api.call("GetItem", TableName=update["TableName"], Key=update["Key"])["Item"]
    assert item == {**update["Key"], "on_hand": {"N": "5"}, "reserved": {"N": "1"}, "available": {"N": "4"}}


def test_orders_spread_the_stock_and_each_then_moves_its_own_shard_alone(split: Split, calls: Calls) -> None:
    inventory = split(16)
    stocked(inventory, LAMP=10_000)
    for n in range(100):
        reserve(inventory, f"ord_{n}")
    del calls.names[:], calls.actions[:]

    for n in range(100):
        inventory.apply(stock.ship(f"ord_{n}:ship", f"ord_{n}", [("LAMP", 1)]))
        reserve(inventory, f"more_{n}")

    assert calls.names == ["TransactWriteItems"] * 200
    moved = Counter(actions[1]["Update"]["Key"]["sk"]["S"] for actions in calls.actions)
    assert len(moved) == 16
    assert max(moved.values()) < 200 / 4
    assert inventory.stock(["LAMP"]) == {"LAMP": Stock("LAMP", 9_900, 100)}


def test_every_last_unit_is_found_wherever_it_is(split: Split) -> None:
    inventory = split(16)
    stocked(inventory, LAMP=64)
    for n in range(64):
        assert reserve(inventory, f"ord_{n}")
    with pytest.raises(OutOfStock, match="LAMP"):
        reserve(inventory, "ord_64")

    for n in range(64):  # comes back to all shards, and is asked for in one
        inventory.apply(stock.release(f"ord_{n}:release", f"ord_{n}", [("LAMP", 1)]))

    with pytest.raises(OutOfStock, match="LAMP"):
        reserve(inventory, "ord_all", 65)
    assert reserve(inventory, "ord_all", 64)
    assert inventory.stock(["LAMP"]) == {"LAMP": Stock("LAMP", 64, 64)}


def test_what_was_reserved_is_shipped_and_released_under_any_number_of_shards(split: Split) -> None:
    stocked(split(1), LAMP=40)
    for n in range(40):
        reserve(split((1, 16, 3, 64)[n % 4]), f"ord_{n}")

    for n in range(40):
        move = stock.ship if n % 2 else stock.release
        inventory = split((16, 1, 64, 5)[n % 4])
        assert inventory.apply(move(f"ord_{n}:end", f"ord_{n}", [("LAMP", 1)]))

    with pytest.raises(UnexpectedState, match="LAMP"):
        split(1).apply(stock.ship("ord_x:ship", "ord_x", [("LAMP", 1)]))
    assert reserve(split(1), "ord_rest", 20)
    assert split(1).stock(["LAMP"]) == {"LAMP": Stock("LAMP", 20, 20)}


def test_a_listing_shows_each_sku_once_and_whole(split: Split) -> None:
    inventory = split(16)
    stocked(inventory, LAMP=30, RUG=7)
    for n in range(20):
        reserve(inventory, f"ord_{n}")

    assert Counter(walked(split(1).every_stock, 1)) == Counter([Stock("LAMP", 30, 20), Stock("RUG", 7)])


def test_an_order_that_draws_on_more_shards_than_a_transaction_holds_gets_its_stock(split: Split, calls: Calls) -> None:
    inventory, skus = split(16), [f"SKU-{n}" for n in range(9)]
    stocked(inventory, **dict.fromkeys(skus, 64))
    for move in (stock.reserve, stock.release):
        for n in range(64):
            inventory.apply(move(f"{move.__name__}:{n}", f"ord_{n}", [(sku, 1) for sku in skus]))

    assert inventory.apply(stock.reserve("all", "all", [(sku, 64) for sku in skus]))

    assert max(map(len, calls.actions)) <= 100
    assert inventory.stock(skus) == {sku: Stock(sku, 64, 64) for sku in skus}


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_the_sums_are_those_of_one_counter(split: Split, seed: int) -> None:
    """The model is the store in memory, which has one counter."""
    chance, single = random.Random(seed), in_memory().inventory
    made = [stock.receive, stock.reserve, stock.reserve, stock.reserve, stock.release, stock.ship, stock.restock]
    for n in range(STEPS):
        entry = entry_of(chance.choice(made), f"e{n}", f"ord_{chance.randrange(20)}", chance)
        assert done(split(chance.choice((1, 2, 16, 64))), entry) == done(single, entry)
    assert split(1).stock(["LAMP", "RUG"]) == single.stock(["LAMP", "RUG"])


def entry_of(make: Any, effect_id: str, order_id: str, chance: random.Random) -> StockEntry:
    units = [(sku, chance.randrange(1, 9)) for sku in ("LAMP", "RUG")]
    entry: StockEntry = make(effect_id, units) if make is stock.receive else make(effect_id, order_id, units)
    return entry


def done(inventory: Inventory, entry: StockEntry) -> str:
    try:
        return str(inventory.apply(entry))
    except OmsError as refused:
        return str(refused)
