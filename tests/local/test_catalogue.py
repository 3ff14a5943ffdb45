"""The catalogue: real products at the prices that were paid, and baskets as they were bought."""

from __future__ import annotations

import pytest

from local.catalogue.product_names import product_name, readable, readable_size
from local.catalogue.sales_data import EXCLUDED_DEPARTMENTS, baskets, catalogue, opening_stock
from oms.domain.cart import MAX_LINES
from oms.domain.money import Money


def test_the_most_often_sold_come_first():
    bananas, milk = catalogue(2)

    assert (bananas.sku, bananas.name, bananas.price) == ("1082185", "Bananas", Money(94, "USD"))
    assert (bananas.department, bananas.category, bananas.brand) == ("Produce", "Tropical Fruit", "National")
    assert (milk.name, milk.price) == ("Fluid Milk White Only, 1 gal", Money(269, "USD"))


def test_the_catalogue_has_products_that_can_be_shipped_each_once():
    goods = catalogue(5000)

    assert len({product.sku for product in goods}) == 5000
    assert all(product.price.minor > 0 and product.name and product.department for product in goods)
    assert not {product.department for product in goods} & {readable(name) for name in EXCLUDED_DEPARTMENTS}


def test_stock_is_the_same_every_time_and_some_of_it_is_low():
    goods = catalogue(1000)
    stock = opening_stock(goods)

    assert stock == opening_stock(goods)
    assert [each.sku for each in stock] == [product.sku for product in goods]
    nearly_gone = [each for each in stock if each.on_hand <= 2]
    assert 0 < len(nearly_gone) < 20
    assert all(each.on_hand > 0 and each.reserved == 0 for each in stock)


def test_baskets_are_drawn_by_the_seed_from_the_products_on_sale():
    skus = {product.sku for product in catalogue(500)}
    drawn = baskets(200, seed=7, skus=skus)

    assert drawn == baskets(200, seed=7, skus=skus)
    assert drawn != baskets(200, seed=8, skus=skus)
    assert len(drawn) == 200
    for basket in drawn:
        assert basket
        assert len({units.sku for units in basket}) == len(basket)
        assert all(units.sku in skus and units.quantity > 0 for units in basket)


def test_a_basket_is_cut_to_the_most_lines_of_an_order():
    drawn = baskets(400, seed=2, skus={product.sku for product in catalogue(5000)})
    assert max(map(len, drawn)) == MAX_LINES


@pytest.mark.parametrize(
    ("kind", "category", "size", "name"),
    [
        ("FRZN SS PREMIUM ENTREES/DNRS/N", "FRZN MEAT", "9 OZ", "Frozen Single-Serve Premium Entrées/Dinners, 9 oz"),
        ("EGGS - X-LARGE", "EGGS", "1 DZ", "Eggs, X-Large, 1 dozen"),
        ("CANDY BARS (SINGLES)(INCLUDING", "CANDY", "1.5 OZ", "Candy Bars, 1.5 oz"),
        ("MEAT:HAM BULK", "DELI MEATS", None, "Meat: Ham Bulk"),
        ("LEAN", "BEEF", None, "Beef, lean"),
        ("NATURAL CHEESE EXACT WT CHUNKS", "CHEESE", "8 OZ", "Natural Cheese Exact Weight Chunks, 8 oz"),
    ],
)
def test_names_are_readable(kind, category, size, name):
    assert product_name(kind, category, size) == name


def test_sizes_keep_their_numbers():
    assert [readable_size(size) for size in ("1 GA", "2 L", "83.5 SQ FT")] == ["1 gal", "2 L", "83.5 sq ft"]
