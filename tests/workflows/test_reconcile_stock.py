"""Reconciliation of stock with its ledger and its orders: differences are reported, unless the stock is moving."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from oms.application.commit import commit
from oms.domain import inventory, parking
from oms.domain.stock_reconciliation import MAX_PASSES
from tests.workflows.discrepancies import findings, quietly
from tests.workflows.shop import Shop


def counter_off_its_ledger(shop: Shop) -> None:
    shop.store.stock["TEA"] = replace(shop.store.stock["TEA"], on_hand=999)


def more_reserved_than_on_hand(shop: Shop) -> None:
    shop.store.stock["TEA"] = replace(shop.store.stock["TEA"], on_hand=1, reserved=2)


def counter_gone(shop: Shop) -> None:
    del shop.store.stock["TEA"]


def entry_gone(shop: Shop) -> None:
    shop.new_order(("TEA", 3))
    del shop.store.entries["ord_1:reserve"]


def entry_of_no_order(shop: Shop) -> None:
    shop.inventory.apply(inventory.reserve("ord_9:reserve", "ord_9", [("TEA", 2)]))


def reserved_for_the_wrong_order(shop: Shop) -> None:
    shop.new_order(("TEA", 3))
    shop.new_order(("TEA", 3), order_id="ord_2")
    entry = shop.store.entries["ord_2:reserve"]
    shop.store.entries["ord_2:reserve"] = replace(entry, order_id="ord_1")


STOCK: dict[Callable[[Shop], None], tuple[list[str], list[str]]] = {
    counter_off_its_ledger: (["stock: TEA 999 on hand, 0 reserved: its ledger says 1000 and 0"], []),
    more_reserved_than_on_hand: (
        ["stock: TEA 2 reserved of 1 on hand", "stock: TEA 1 on hand, 2 reserved: its ledger says 1000 and 0"],
        [],
    ),
    counter_gone: (["stock: TEA 0 on hand, 0 reserved: its ledger says 1000 and 0"], []),
    entry_gone: (
        [
            "stock: TEA 1000 on hand, 3 reserved: its ledger says 1000 and 0",
            "stock: ord_1 holds 3 of TEA, reserved 0",
        ],
        ["ord_1"],
    ),
    entry_of_no_order: (["stock: ord_9 holds 0 of TEA, reserved 2"], []),
    reserved_for_the_wrong_order: (
        ["stock: ord_1 holds 3 of TEA, reserved 6", "stock: ord_2 holds 3 of TEA, reserved 0"],
        ["ord_1", "ord_2"],
    ),
}


@pytest.mark.parametrize("wrong", STOCK, ids=lambda wrong: wrong.__name__)
def test_stock_that_disagrees_is_reported_and_parks_the_orders_that_hold_it(unsound, wrong):
    shop = unsound
    wrong(shop)
    report = quietly(shop)
    expected, parked = STOCK[wrong]
    assert sorted(findings(report)) == sorted(expected)
    assert [order.id for order in shop.orders.in_queue("parked", 9).items] == parked
    assert all("CheckStock" in shop.order(order_id).parked for order_id in parked)

    before = shop.store.copy()
    again = quietly(shop)
    assert findings(again) == findings(report)
    assert shop.store.copy() == before


def test_stock_that_agrees_again_settles_the_orders(unsound):
    shop = unsound
    shop.new_order(("TEA", 3))
    entry = shop.store.entries.pop("ord_1:reserve")
    assert quietly(shop).parked == 1
    shop.store.entries["ord_1:reserve"] = entry
    report = quietly(shop)
    assert (findings(report), report.settled) == ([], 1)
    assert not shop.order().parked


def test_accepted_discrepancies_are_counted_separately(unsound):
    shop = unsound
    reserved_for_the_wrong_order(shop)
    quietly(shop)
    commit(
        shop.deps,
        "ord_1",
        "operator:olga",
        lambda order: parking.accept_discrepancy(order, "CheckStock", "ticket 4711"),
    )
    report = quietly(shop)
    assert (findings(report), report.accepted) == (["stock: ord_2 holds 3 of TEA, reserved 0"], 1)
    assert [order.id for order in shop.orders.in_queue("parked", 9).items] == ["ord_2"]


def test_stock_that_moves_while_it_is_summed_up_is_no_discrepancy(shop, monkeypatch):
    """Goods come in between the reading of the ledger and of the counters, in every pass."""
    whole = shop.inventory.every_stock

    def moving(limit, cursor=None):
        shop.stock(TEA=1)
        return whole(limit, cursor)

    monkeypatch.setattr(shop.inventory, "every_stock", moving)
    report = quietly(shop)
    assert (findings(report), report.undecided) == ([], ["TEA"])
    assert shop.execution("Reconcile", report.id).path.count("ReadLedger") == MAX_PASSES
