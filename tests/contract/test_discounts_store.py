"""The contract of every store of discount codes: no code is used beyond its limits, also concurrently."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from oms.domain import placement
from oms.domain.change import Change
from oms.domain.discounts import Discount
from oms.domain.errors import CodeUsedUp, OrderNotFound
from oms.domain.events import Units
from oms.domain.order import Order
from tests.contract.orders import NOON
from tests.contract.stores import Stores
from tests.domain.orders import plainly

CODE = Discount("WELCOME", "USD", NOON, NOON + timedelta(days=30), total_limit=2, customer_limit=1, percent=10)


def with_code(order_id: str, customer: str, code: Discount = CODE) -> Change:
    quote = replace(plainly([Units("RED-LAMP", 1)]), discount=code)
    return placement.place(order_id, customer, quote, "pm_card_visa", {"name": "Anna"}, "hash")


def order_with_code(stores: Stores, order_id: str, customer: str) -> Order:
    return stores.orders.create(with_code(order_id, customer), NOON, "test")


def used(stores: Stores) -> int:
    code = stores.discounts.get("WELCOME")
    assert code is not None
    assert code.used == sum(use.uses for use in stores.discounts.uses("WELCOME"))
    return code.used


def test_a_code_comes_back_as_it_was_put_and_one_that_is_not_there_is_none(stores: Stores) -> None:
    assert stores.discounts.get("WELCOME") is None
    assert stores.discounts.change(None, CODE)
    assert stores.discounts.get("WELCOME") == CODE
    assert stores.discounts.uses("WELCOME") == []


def test_a_code_is_changed_where_it_is_what_was_read_however_often_used(stores: Stores) -> None:
    discounts, better = stores.discounts, replace(CODE, percent=20)
    assert discounts.change(None, CODE)
    assert not discounts.change(None, better), "it is there already"
    order_with_code(stores, "ord_1", "anna")
    assert discounts.change(CODE, better)
    assert not discounts.change(CODE, better), "it is another by now"
    assert discounts.get("WELCOME") == replace(better, used=1)


def test_a_limit_is_not_lowered_below_what_was_used(stores: Stores) -> None:
    stores.discounts.change(None, CODE)
    order_with_code(stores, "ord_1", "anna")
    order_with_code(stores, "ord_2", "bert")
    assert not stores.discounts.change(CODE, replace(CODE, total_limit=1))
    assert stores.discounts.change(CODE, replace(CODE, total_limit=3))


def test_an_order_uses_its_code_once_however_often_it_is_written(stores: Stores) -> None:
    stores.discounts.change(None, CODE)
    first = order_with_code(stores, "ord_1", "anna")
    assert order_with_code(stores, "ord_1", "anna") == first
    assert used(stores) == 1
    assert [(use.order_id, use.customer_id) for use in stores.discounts.uses("WELCOME")] == [("ord_1", "anna")]


def test_the_ledger_tells_one_order_s_uses_from_those_of_all(stores: Stores) -> None:
    stores.discounts.change(None, replace(CODE, total_limit=3, customer_limit=3))
    for order_id in ("ord_1", "ord_10", "ord_2"):
        stores.orders.create(with_code(order_id, "anna", replace(CODE, customer_limit=3)), NOON, "test")
    assert [use.effect_id for use in stores.discounts.uses("WELCOME", "ord_1")] == ["ord_1:code"]
    assert stores.discounts.uses("WELCOME", "ord_3") == []
    assert len(stores.discounts.uses("WELCOME")) == 3


@pytest.mark.parametrize("customers", [["anna", "anna"], ["anna", "bert", "carl"]])
def test_beyond_a_limit_nothing_is_written(stores: Stores, customers: list[str]) -> None:
    stores.discounts.change(None, CODE)
    *earlier, last = enumerate(customers)
    for n, customer in earlier:
        order_with_code(stores, f"ord_{n}", customer)
    with pytest.raises(CodeUsedUp, match="WELCOME"):
        order_with_code(stores, f"ord_{last[0]}", last[1])
    assert used(stores) == len(earlier)
    with pytest.raises(OrderNotFound):
        stores.orders.get(f"ord_{last[0]}")


def test_an_order_that_comes_to_nothing_gives_its_use_back_with_the_same_write(stores: Stores) -> None:
    stores.discounts.change(None, CODE)
    order = order_with_code(stores, "ord_1", "anna")
    stores.orders.save(order, placement.reject(order, "out-of-stock"), NOON, "test")
    assert used(stores) == 0
    assert [use.uses for use in sorted(stores.discounts.uses("WELCOME"), key=lambda use: use.effect_id)] == [1, -1]
    order_with_code(stores, "ord_2", "anna")
    assert used(stores) == 1, "she may use it again"


def test_of_many_who_want_the_last_use_one_has_it(shared_stores: Stores) -> None:
    stores = shared_stores
    stores.discounts.change(None, CODE)
    order_with_code(stores, "ord_before", "early")

    def got(n: int) -> bool:
        try:
            return bool(order_with_code(stores, f"ord_{n}", f"customer {n}"))
        except CodeUsedUp:
            return False

    with ThreadPoolExecutor(8) as clients:
        assert sum(clients.map(got, range(8))) == 1
    assert used(stores) == 2
