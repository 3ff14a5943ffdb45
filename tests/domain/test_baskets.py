"""Recommendations from the baskets of recent orders."""

from oms.domain.baskets import MAX_SKUS, Basket, basket_of, bought_with
from oms.domain.events import Units
from tests.domain.orders import NOON, order_of, placed_order, unpriced


def baskets(*texts):
    return [Basket(f"ord_{n}", NOON, tuple(text.split())) for n, text in enumerate(texts)]


def test_what_is_most_often_bought_with_it_comes_first():
    skus = bought_with("tea", baskets("tea milk cups", "milk tea", "tea cups milk", "cups tea", "milk tea"))
    assert skus == ["milk", "cups"]


def test_among_the_equally_frequent_the_order_is_always_the_same():
    assert bought_with("tea", baskets("tea b a", "tea a b")) == ["a", "b"]


def test_a_product_that_was_bought_with_it_once_is_left_out():
    assert bought_with("tea", baskets("tea milk", "tea cups")) == []


def test_a_basket_has_each_sku_once_whatever_the_quantity():
    basket = basket_of(placed_order(("RED-LAMP", 3), ("TEA", 1), order_id="ord_7"))
    assert basket == Basket("ord_7", NOON, ("RED-LAMP", "TEA"))


def test_of_a_very_large_order_a_part_counts():
    skus = tuple(f"SKU-{n}" for n in range(100))
    order = order_of(unpriced(Units(sku, 1) for sku in skus))
    assert basket_of(order).skus == skus[:MAX_SKUS]
