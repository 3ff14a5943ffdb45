"""Quotes: an order costs what its quote said."""

import pytest

from oms.domain.order import Status
from tests.api.shop import BODY


def wish(**changes):
    return {"currency": "USD", "lines": BODY["lines"], "recipient": {"country": "IS"}, **changes}


def test_an_order_costs_what_was_quoted(shop):
    quoted = shop.post("/quotes", wish()).json
    order = shop.get(f"/orders/{shop.place()}").json
    assert quoted["charges"] == order["charges"]
    assert quoted["charges"]["total_minor"] == order["totals"]["ordered_minor"] == 13_079
    assert [line["sku"] for line in quoted["lines"]] == ["RED-LAMP", "BLUE-RUG"]


def test_a_quote_writes_nothing_and_offers_each_way(shop):
    before = shop.state()
    reply = shop.post("/quotes", wish(shipping="express"))
    assert reply.status == 200
    assert shop.state() == before
    assert reply.json["shipping_method"] == "express"
    offered = [{"method": "standard", "price_minor": 1999}, {"method": "express", "price_minor": 3999}]
    assert reply.json["shipping_options"] == offered


def test_an_order_goes_the_way_that_it_asks_for(shop):
    order = shop.orders.get(shop.place({**BODY, "shipping": "express"}))
    assert (order.shipping_method, order.shipping_minor, order.shipping_tax_minor) == ("express", 3999, 960)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"lines": [{"sku": "GONE", "quantity": 1}]}, "unknown-sku"),
        ({"currency": "EUR"}, "wrong-currency"),
        ({"shipping": "pigeon"}, "not-shippable"),
    ],
)
def test_what_could_not_be_ordered_is_not_quoted(shop, changes, problem):
    before = shop.state()
    assert (shop.post("/quotes", wish(**changes)).problem) == problem
    assert shop.post("/orders", {**BODY, **changes}, key="key-1").problem == problem
    assert shop.state() == before


def test_an_order_that_was_placed_keeps_its_price_when_the_catalogue_s_has_changed(shop):
    placed = shop.place()
    product = {"name": "Red lamp", "department": "HOME", "category": "", "brand": "", "currency": "USD"}
    assert shop.ask("PUT", "/products/RED-LAMP", {**product, "price_minor": 1}, by="olga").status == 200
    assert shop.get(f"/orders/{placed}").json["totals"]["ordered_minor"] == 13_079
    assert shop.orders.get(placed).status is Status.PLACED
