"""Products and stock."""

from dataclasses import replace

import pytest

from oms.domain.baskets import Basket
from oms.domain.inventory import receive
from tests.domain.orders import CATALOGUE


def test_a_product_is_shown_to_anybody(shop):
    assert shop.get("/products/RED-LAMP", by=None).json == {
        "sku": "RED-LAMP",
        "name": "Red lamp",
        "department": "HOME",
        "category": "LIGHTING",
        "brand": "National",
        "price_minor": 1999,
        "currency": "USD",
    }


@pytest.mark.parametrize("sku", ["GREEN-SOFA", "x" * 41, "x" * 3000, "-", "a b", "TEA\n"])
@pytest.mark.parametrize("path", ["products", "inventory"])
def test_what_is_not_in_the_catalogue_is_not_found(shop, path, sku):
    reply = shop.get(f"/{path}/{sku}")
    assert (reply.status, reply.problem) == (404, "product-not-found")


def test_a_department_is_listed_by_name_in_pages(shop):
    shop.products.put([replace(CATALOGUE["TEA"], sku="MILK", department="GROCERY")])
    first = shop.get("/products", by=None, query={"department": "HOME", "limit": 2}).json
    rest = shop.get("/products", by=None, query={"department": "HOME", "cursor": first["cursor"]}).json
    assert [item["name"] for item in first["items"] + rest["items"]] == ["Blue rug", "Red lamp", "Tea"]
    assert rest["cursor"] is None


def test_an_unknown_department_is_empty_and_none_is_refused(shop):
    assert shop.get("/products", query={"department": "SPACE"}).json == {"items": [], "cursor": None}
    assert shop.get("/products").complaints == {"query/department": "is missing"}


def test_stock_is_shown_as_it_stands(shop):
    shop.confirmed()
    assert shop.get("/inventory/RED-LAMP").json == {"sku": "RED-LAMP", "on_hand": 10, "reserved": 2, "available": 8}


def test_a_product_that_never_came_in_has_none(shop):
    assert shop.get("/inventory/TEA").json == {"sku": "TEA", "on_hand": 0, "reserved": 0, "available": 0}


def test_what_was_bought_with_it_and_can_be_had_goes_with_a_product(shop):
    for n, skus in enumerate([("RED-LAMP", "BLUE-RUG", "TEA"), ("TEA", "RED-LAMP", "GONE"), ("RED-LAMP", "GONE")]):
        shop.baskets.add(Basket(f"ord_{n}", shop.clock.now(), skus))
    shop.inventory.apply(receive("nothing", [("TEA", 0)]))
    assert shop.get("/products/RED-LAMP/bought-together", by=None).json == {"items": []}, "nobody has any tea"

    shop.inventory.apply(receive("delivery", [("TEA", 3), ("GONE", 1)]))
    tea = shop.get("/products/TEA").json
    assert shop.get("/products/RED-LAMP/bought-together").json == {"items": [tea]}
    assert shop.get("/products/BLUE-RUG/bought-together").json == {"items": []}
    assert shop.get("/products/GONE/bought-together").problem == "product-not-found"


def test_no_more_goes_with_a_product_than_was_asked_for(shop):
    shop.inventory.apply(receive("delivery", [("TEA", 3)]))
    for n in range(2):
        shop.baskets.add(Basket(f"ord_{n}", shop.clock.now(), tuple(CATALOGUE)))
    path = "/products/RED-LAMP/bought-together"
    assert [len(shop.get(path, query=query).json["items"]) for query in ({}, {"limit": 1})] == [2, 1]
