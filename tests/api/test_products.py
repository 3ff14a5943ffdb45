"""Products and stock."""

from dataclasses import replace

import pytest

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


@pytest.mark.parametrize("sku", ["GREEN-SOFA", "x" * 41, "x" * 3000, "-", "a b"])
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
