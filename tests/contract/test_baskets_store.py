"""The contract of every store of baskets."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from oms.domain.baskets import MAX_SKUS, Basket
from oms.ports import Baskets
from tests.contract.stores import Stores
from tests.domain.orders import NOON


@pytest.fixture
def baskets(stores: Stores) -> Baskets:
    return stores.baskets


def basket(n: int, *skus: str) -> Basket:
    """A later basket has a smaller order id."""
    return Basket(f"ord_{9 - n}", NOON + timedelta(seconds=n), skus)


def test_the_latest_baskets_with_a_product_come_first(baskets: Baskets) -> None:
    written = [basket(1, "TEA", "MILK"), basket(3, "TEA"), basket(2, "MILK", "TEA"), basket(4, "MILK")]
    for each in written:
        baskets.add(each)

    assert list(baskets.with_product("TEA", 10)) == [written[1], written[2], written[0]]
    assert list(baskets.with_product("TEA", 2)) == [written[1], written[2]]
    assert list(baskets.with_product("SODA", 2)) == []


def test_an_order_s_basket_is_kept_once(baskets: Baskets) -> None:
    for _ in range(2):
        baskets.add(basket(1, "TEA", "MILK"))

    assert list(baskets.with_product("MILK", 10)) == [basket(1, "TEA", "MILK")]


def test_baskets_of_the_same_moment_are_all_kept(baskets: Baskets) -> None:
    for n in range(3):
        baskets.add(replace(basket(n, "TEA"), at=NOON))

    assert len(baskets.with_product("TEA", 10)) == 3


def test_a_basket_of_more_than_one_batch_is_kept(baskets: Baskets) -> None:
    full = basket(1, *(f"SKU-{n}" for n in range(MAX_SKUS)))
    baskets.add(full)

    assert list(baskets.with_product(f"SKU-{MAX_SKUS - 1}", 10)) == [full]
