"""The contract of every store of products."""

from __future__ import annotations

import pytest

from oms.domain.catalogue import Product
from oms.domain.errors import InvalidRequest
from oms.domain.money import Money
from oms.ports import Products
from tests.contract.listings import walked
from tests.contract.stores import Stores


@pytest.fixture
def products(stores: Stores) -> Products:
    return stores.products


def product(sku: str, name: str, department: str = "HOME", minor: int = 1999) -> Product:
    return Product(sku, name, department, "LIGHTING", "", Money(minor, "USD"))


def test_products_come_back_as_they_were_put(products: Products) -> None:
    lamp, tea = product("LAMP", "Red lamp, 40 W"), product("TEA", "Thé vert «fin»", "GROCERY", 0)
    products.put([lamp, tea])

    assert products.get(["TEA", "LAMP", "NONE", "TEA"]) == {"LAMP": lamp, "TEA": tea}


def test_nothing_is_asked_for(products: Products) -> None:
    assert products.get([]) == {}


def test_the_last_of_a_sku_stays(products: Products) -> None:
    products.put([product("LAMP", "Lamp", minor=100)])
    products.put([product("LAMP", "Lamp", minor=90), product("LAMP", "Lamp", minor=80)])

    assert products.get(["LAMP"]) == {"LAMP": product("LAMP", "Lamp", minor=80)}
    assert walked(lambda limit, cursor: products.in_department("HOME", limit, cursor), 10) == [
        product("LAMP", "Lamp", minor=80)
    ]


def test_more_than_one_batch_is_put_and_got(products: Products) -> None:
    many = {f"SKU-{n}": product(f"SKU-{n}", f"Lamp {n:03}") for n in range(130)}
    products.put(many.values())

    assert products.get(many) == many


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_a_department_is_listed_by_name(products: Products, limit: int) -> None:
    names = ["Rug", "Lamp", "lamp", "Äpfel", "Chair", "Table"]
    products.put([product(f"SKU-{n}", name) for n, name in enumerate(names)])
    products.put([product("TEA", "Tea", "GROCERY")])

    products_read = walked(lambda limit, cursor: products.in_department("HOME", limit, cursor), limit)

    assert [each.name for each in products_read] == ["Chair", "Lamp", "Rug", "Table", "lamp", "Äpfel"]


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "eyJwayI6IlgifQ", "ÿ"])
def test_what_is_no_cursor_is_refused(products: Products, cursor: str) -> None:
    with pytest.raises(InvalidRequest):
        products.in_department("HOME", 1, cursor)


def test_a_cursor_of_another_department_is_refused(products: Products) -> None:
    products.put([product("LAMP", "Lamp"), product("RUG", "Rug")])
    cursor = products.in_department("HOME", 1).cursor
    assert cursor

    with pytest.raises(InvalidRequest):
        products.in_department("GROCERY", 1, cursor)


def test_a_product_is_changed_only_from_what_was_seen(products: Products) -> None:
    old, new, other = (product("LAMP", "Lamp", minor=minor) for minor in (100, 90, 80))
    assert not products.change(old, new)
    assert products.get(["LAMP"]) == {}
    assert products.change(None, old)
    assert not products.change(None, new)
    assert products.change(old, new)
    assert not products.change(old, other)
    assert products.get(["LAMP"]) == {"LAMP": new}
