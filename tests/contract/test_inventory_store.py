"""The contract of every stock store: counters follow their ledger, move once and never go below zero."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from oms.domain import inventory as stock
from oms.domain.errors import InvalidRequest, OutOfStock, UnexpectedState
from oms.domain.inventory import Movement, Stock, StockEntry, StockReason
from oms.ports import Inventory
from tests.contract.listings import walked
from tests.contract.orders import stocked
from tests.contract.stores import Stores


@pytest.fixture
def inventory(stores: Stores) -> Inventory:
    return stores.inventory


def test_received_stock_is_available(inventory: Inventory) -> None:
    assert inventory.apply(stock.receive("in:1", [("LAMP", 5), ("RUG", 0)])) is True

    assert inventory.stock(["LAMP", "RUG", "LAMP", "TEA"]) == {"LAMP": Stock("LAMP", 5), "RUG": Stock("RUG", 0)}


def test_each_movement_adds_to_its_counters(inventory: Inventory) -> None:
    stocked(inventory, LAMP=10)

    inventory.apply(stock.reserve("o:reserve", "o", [("LAMP", 6)]))
    inventory.apply(stock.release("o:release", "o", [("LAMP", 2)]))
    inventory.apply(stock.ship("o:ship", "o", [("LAMP", 3)]))
    inventory.apply(stock.restock("r:restock", "o", [("LAMP", 1)]))

    assert inventory.stock(["LAMP"]) == {"LAMP": Stock("LAMP", on_hand=8, reserved=1)}


def test_no_more_is_reserved_than_there_is_and_nothing_else_moves(inventory: Inventory) -> None:
    stocked(inventory, LAMP=2, RUG=5, TEA=0)

    with pytest.raises(OutOfStock, match="LAMP, NEW, TEA"):
        inventory.apply(stock.reserve("o:reserve", "o", [("TEA", 1), ("RUG", 5), ("LAMP", 3), ("NEW", 1)]))

    assert inventory.stock(["LAMP", "RUG"]) == {"LAMP": Stock("LAMP", 2), "RUG": Stock("RUG", 5)}
    assert inventory.stock(["NEW"]) == {}
    assert inventory.apply(stock.reserve("o:reserve", "o", [("LAMP", 2)])) is True


def test_an_effect_id_counts_once(inventory: Inventory) -> None:
    stocked(inventory, LAMP=1)
    entry = stock.reserve("o:reserve", "o", [("LAMP", 1)])

    assert [inventory.apply(entry), inventory.apply(entry)] == [True, False]

    assert inventory.stock(["LAMP"]) == {"LAMP": Stock("LAMP", 1, 1)}


def test_a_repeated_effect_id_is_no_news_though_it_would_not_fit_now(inventory: Inventory) -> None:
    stocked(inventory, LAMP=1)
    inventory.apply(stock.reserve("o:reserve", "o", [("LAMP", 1)]))

    assert inventory.apply(stock.reserve("o:reserve", "o", [("LAMP", 9)])) is False


@pytest.mark.parametrize("entry", [stock.release("x", "o", [("LAMP", 2)]), stock.ship("x", "o", [("LAMP", 2)])])
def test_taking_more_than_is_reserved_is_a_defect(inventory: Inventory, entry: StockEntry) -> None:
    stocked(inventory, LAMP=5)
    inventory.apply(stock.reserve("o:reserve", "o", [("LAMP", 1)]))

    with pytest.raises(UnexpectedState, match="LAMP"):
        inventory.apply(entry)

    assert inventory.stock(["LAMP"]) == {"LAMP": Stock("LAMP", 5, 1)}


def test_an_adjustment_takes_away_only_what_is_available(inventory: Inventory) -> None:
    stocked(inventory, LAMP=5)
    inventory.apply(stock.reserve("o:reserve", "o", [("LAMP", 3)]))

    def lost(count: int) -> StockEntry:
        return StockEntry(f"lost:{count}", StockReason.ADJUSTED, (Movement("LAMP", on_hand=-count),), note="broken")

    with pytest.raises(OutOfStock):
        inventory.apply(lost(3))
    assert inventory.apply(lost(2)) is True


def test_an_entry_is_found_by_its_effect_id(inventory: Inventory) -> None:
    entry = stock.receive("in:1", [("LAMP", 5)], "Delivery 17, Þórsgata")
    assert inventory.entry("in:1") is None
    inventory.apply(entry)
    assert inventory.entry("in:1") == entry


def test_the_ledger_gives_back_every_entry(inventory: Inventory) -> None:
    entries = [
        stock.receive("in:1", [("LAMP", 5), ("RUG", 7)], note='Ümläut, "quotes"'),
        stock.reserve("o:reserve", "o", [("LAMP", 2)]),
        *(stock.receive(f"in:{n}", [("TEA", n)]) for n in range(2, 9)),
    ]
    for entry in entries:
        inventory.apply(entry)

    entries_read = walked(inventory.every_entry, 4)

    assert sorted(entries_read, key=lambda each: each.effect_id) == sorted(entries, key=lambda each: each.effect_id)


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_every_counter_is_listed_once(inventory: Inventory, limit: int) -> None:
    counts = {f"SKU-{n}": n for n in range(7)}
    stocked(inventory, **counts)

    assert Counter(walked(inventory.every_stock, limit)) == Counter(Stock(sku, n) for sku, n in counts.items())


def test_a_cursor_of_another_listing_is_refused(inventory: Inventory) -> None:
    stocked(inventory, LAMP=1, RUG=1)
    cursor = inventory.every_stock(1).cursor
    assert cursor

    with pytest.raises(InvalidRequest):
        inventory.every_entry(1, cursor)


def test_many_skus_are_read_at_once(inventory: Inventory) -> None:
    inventory.apply(stock.receive("in", [(f"SKU-{n}", n) for n in range(90)]))
    inventory.apply(stock.receive("in:2", [(f"SKU-{n}", n) for n in range(90, 130)]))

    assert inventory.stock(f"SKU-{n}" for n in range(130)) == {f"SKU-{n}": Stock(f"SKU-{n}", n) for n in range(130)}


def test_of_many_at_once_exactly_as_many_win_as_there_is_stock(shared_stores: Stores) -> None:
    inventory = shared_stores.inventory
    stocked(inventory, LAMP=100)

    def reserved(n: int) -> bool:
        try:
            return inventory.apply(stock.reserve(f"o{n}:reserve", f"o{n}", [("LAMP", 1)]))
        except OutOfStock:
            return False

    with ThreadPoolExecutor(8) as writers:
        won = list(writers.map(reserved, range(320)))
        again = list(writers.map(reserved, range(320)))

    assert sum(won) == 100
    assert not any(again)
    assert inventory.stock(["LAMP"]) == {"LAMP": Stock("LAMP", on_hand=100, reserved=100)}
    assert len(walked(inventory.every_entry, 1000)) == 101
