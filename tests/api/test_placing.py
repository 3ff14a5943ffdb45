"""Placing orders: checked, placed once for each key, and started as an execution."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from api.identifiers import ORDER_ID, order_id
from oms.application.expected_executions import expected_executions
from oms.application.start_sweeper import start_waiting_orders
from oms.domain.order import Status
from tests.api.shop import ANNA, BERT, BODY, OLGA, REQUEST
from tests.domain.orders import CATALOGUE


def body(**changes):
    return {**BODY, **changes}


def lines(*units):
    return body(lines=[{"sku": sku, "quantity": quantity} for sku, quantity in units])


def test_an_order_is_written_down_and_begun(shop):
    reply = shop.post("/orders", BODY, key="key-1")
    assert reply.status == 202
    placed = reply.json["order_id"]
    assert reply.headers["Location"] == f"/api/orders/{placed}"
    assert ORDER_ID.fullmatch(placed)
    order = shop.orders.get(placed)
    assert (order.status, order.customer_id, order.recipient) == (Status.PLACED, ANNA, BODY["recipient"])
    assert shop.starts("NewOrder") == {placed: {"order_id": placed, "request_id": REQUEST}}
    assert [recorded.by for recorded in shop.orders.events(placed)] == ["customer:anna"]


def test_the_same_key_and_body_are_the_same_order(shop):
    first = shop.post("/orders", BODY, key="key-1")
    reordered = dict(reversed(BODY.items()))
    again = shop.post("/orders", reordered, key="key-1")
    assert (again.status, again.json) == (200, first.json)
    assert again.headers["Location"] == first.headers["Location"]
    assert len(shop.store.orders) == 1
    assert len(shop.starts("NewOrder")) == 1


def test_a_repeated_order_tells_how_it_stands(shop):
    shop.confirmed()
    assert shop.post("/orders", BODY, key="key-1").json["status"] == "confirmed"


def test_the_same_key_with_another_body_is_refused(shop):
    shop.place()
    before = shop.state()
    reply = shop.post("/orders", lines(("RED-LAMP", 3)), key="key-1")
    assert (reply.status, reply.problem) == (422, "idempotency-key-reused")
    assert shop.state() == before


def test_a_repeated_order_is_answered_when_its_product_has_gone(shop):
    placed = shop.place()
    shop.products.products.clear()
    assert shop.post("/orders", BODY, key="key-1").json["order_id"] == placed
    assert shop.post("/orders", BODY, key="key-2").problem == "unknown-sku"


def test_one_key_of_two_shoppers_is_two_orders(shop):
    assert shop.place(by=ANNA) != shop.place(by=BERT)


def test_an_order_id_is_of_customer_and_key_alone():
    assert order_id("anna", "key-1") == order_id("anna", "key-1")
    assert order_id("anna", "key-1") != order_id("annak", "ey-1")


def test_when_the_execution_can_t_begin_the_order_waits_and_the_same_request_begins_it(shop):
    shop.executions.fail_next(after_effect=False)
    reply = shop.post("/orders", BODY, key="key-1")
    assert (reply.status, reply.problem) == (503, "executions-unavailable")
    assert reply.headers["Retry-After"] == "1"
    assert [order.status for order in shop.store.orders.values()] == [Status.PLACED]
    assert not shop.starts("NewOrder")
    assert shop.post("/orders", BODY, key="key-1").status == 200
    assert len(shop.starts("NewOrder")) == 1


def test_an_order_whose_request_never_comes_again_is_begun_by_the_sweeper(shop):
    shop.executions.fail_next(after_effect=False)
    shop.post("/orders", BODY, key="key-1")
    assert start_waiting_orders(shop.deps) == 0, "its request may still be at it"
    shop.clock.advance(timedelta(seconds=31))
    assert start_waiting_orders(shop.deps) == 1
    (placed,) = shop.store.orders
    assert shop.starts("NewOrder") == {placed: {"order_id": placed, "request_id": REQUEST}}


def test_whoever_begins_an_order_names_the_request_that_placed_it(shop):
    """Step Functions refuses the same name with another input."""
    shop.executions.fail_next(after_effect=False)
    shop.post("/orders", BODY, key="key-1", headers={"x-correlation-id": "the-first"})
    again = shop.post("/orders", BODY, key="key-1", headers={"x-correlation-id": "the-second"})
    assert (again.status, again.headers["X-Correlation-Id"]) == (200, "the-second")
    (order,) = shop.store.orders.values()
    begun = {"order_id": order.id, "request_id": "the-first"}
    assert shop.starts("NewOrder") == {order.id: begun}
    (work,) = expected_executions(order, shop.orders.events(order.id))
    assert (work.name, work.payload) == (order.id, begun)


def test_operators_see_in_the_timeline_by_which_request_an_order_came(shop):
    placed = shop.place(by=ANNA)
    (entry,) = shop.get(f"/orders/{placed}", by=OLGA).json["timeline"]
    assert entry["data"]["request_id"] == REQUEST
    (shopper_entry,) = shop.get(f"/orders/{placed}").json["timeline"]
    assert "request_id" not in shopper_entry["data"]


def test_the_sweeper_sees_every_page_and_no_order_that_moved(shop):
    from tasks.start_waiting_orders import start_waiting_orders

    moved = shop.confirmed()
    waiting = {shop.place(key=f"more-{n}") for n in range(150)}
    shop.executions.starts.clear()
    shop.clock.advance(timedelta(minutes=1))
    assert start_waiting_orders.run({}, shop.deps) == {"started": 150}
    assert set(shop.starts("NewOrder")) == waiting
    assert moved not in waiting


def test_a_hundred_lines_are_taken(shop):
    many = [(f"TEA-{n}", 1) for n in range(100)]
    shop.products.put(replace(CATALOGUE["TEA"], sku=sku) for sku, _ in many)
    assert shop.post("/orders", lines(*many), key="key-1").status == 202


MISSHAPEN = {
    "no currency at all": (body(currency="dollars"), "body/currency", "must match ^[A-Z]{3}$"),
    "currency with a newline": (body(currency="USD\n"), "body/currency", "must match ^[A-Z]{3}$"),
    "quantity 0": (lines(("TEA", 0)), "body/lines/0/quantity", "must be at least 1"),
    "quantity -1": (lines(("TEA", -1)), "body/lines/0/quantity", "must be at least 1"),
    "quantity 1.5": (lines(("TEA", 1.5)), "body/lines/0/quantity", "must be a whole number"),
    "quantity 10^9": (lines(("TEA", 10**9)), "body/lines/0/quantity", "must be at most 999"),
    "quantity 10^400": (lines(("TEA", 10**400)), "body/lines/0/quantity", "must be at most 999"),
    "quantity a text": (lines(("TEA", "2")), "body/lines/0/quantity", "must be a whole number"),
    "quantity true": (lines(("TEA", True)), "body/lines/0/quantity", "must be a whole number"),
    "quantity null": (lines(("TEA", None)), "body/lines/0/quantity", "must be a whole number"),
    "a SKU that is a path": (lines(("../TEA", 1)), "body/lines/0/sku", "must match ^[A-Za-z0-9][A-Za-z0-9-]{0,39}$"),
    "no lines": (lines(), "body/lines", "must have at least 1 entries"),
    "101 lines": (lines(*[(f"S{n}", 1) for n in range(101)]), "body/lines", "must have at most 100 entries"),
    "one SKU twice": (
        lines(("TEA", 1), ("RED-LAMP", 1), ("TEA", 2)),
        "body/lines/2/sku",
        "is in body/lines/0 too: make one line of both",
    ),
    "a list": ([BODY], "body", "must be an object"),
    "null": (b"null", "body", "must be an object"),
    "a member too many": (body(total_minor=1), "body/total_minor", "isn't known here: leave it out"),
    "a blank name": (
        body(recipient={**BODY["recipient"], "name": " \n"}),
        "body/recipient/name",
        "must not be blank",
    ),
    "a member missing": ({**BODY, "recipient": {}}, "body/recipient/name", "is missing"),
    "a card number": (body(payment_method="4242 4242"), "body/payment_method", "must match ^pm_[A-Za-z0-9_]{1,100}$"),
    "a name without end": (
        body(recipient={**BODY["recipient"], "name": "A" * 201}),
        "body/recipient/name",
        "must have at most 200 characters",
    ),
}


@pytest.mark.parametrize(("sent", "where", "what"), MISSHAPEN.values(), ids=MISSHAPEN)
def test_a_misshapen_order_is_refused_says_where_and_changes_nothing(shop, sent, where, what):
    before = shop.state()
    reply = shop.post("/orders", sent, key="key-1")
    assert (reply.status, reply.problem) == (400, "invalid-request")
    assert reply.complaints[where] == what
    assert f"{where} {what}" in reply.json["detail"]
    assert shop.state() == before


UNSELLABLE = {
    "unknown SKU": (lines(("GREEN-SOFA", 1)), "unknown-sku", "the catalogue has no GREEN-SOFA"),
    "one of two": (lines(("TEA", 1), ("GREEN-SOFA", 1)), "unknown-sku", "the catalogue has no GREEN-SOFA"),
    "wrong currency": (body(currency="EUR"), "wrong-currency", "RED-LAMP is priced in USD, the order is in EUR"),
}


@pytest.mark.parametrize(("sent", "problem", "detail"), UNSELLABLE.values(), ids=UNSELLABLE)
def test_what_the_catalogue_can_t_sell_is_refused_and_changes_nothing(shop, sent, problem, detail):
    before = shop.state()
    reply = shop.post("/orders", sent, key="key-1")
    assert (reply.status, reply.problem, reply.json["detail"]) == (422, problem, detail)
    assert shop.state() == before


def test_at_most_ten_complaints_are_made(shop):
    reply = shop.post("/orders", lines(*[(f"S{n}", 0) for n in range(50)]), key="key-1")
    assert len(reply.json["errors"]) == 10


NOT_JSON = {
    "words": b"two lamps please",
    "half of it": b'{"currency": "USD", ',
    "not UTF-8": b'{"currency": "\xff\xfe"}',
    "half a character": rb'{"currency": "\ud800"}',
    "NaN": b'{"currency": NaN}',
    "a number without end": b'{"currency": ' + b"1" * 5000 + b"}",
    "a nesting without end": b"[" * 60_000,
    "a body of two currencies": json.dumps(BODY).replace("{", '{"currency": "EUR", ', 1).encode(),
    "a line of two quantities": json.dumps(BODY).replace('"quantity"', '"quantity": 9, "quantity"', 1).encode(),
}


@pytest.mark.parametrize("sent", NOT_JSON.values(), ids=NOT_JSON)
def test_a_body_that_is_not_json_is_refused(shop, sent):
    before = shop.state()
    reply = shop.post("/orders", sent, key="key-1")
    assert (reply.status, reply.problem) == (400, "invalid-json")
    assert shop.state() == before


def test_a_whole_float_is_a_whole_number(shop):
    placed = shop.place(lines(("RED-LAMP", 2.0)))
    assert repr(shop.orders.get(placed).lines[0].quantity) == "2"


@pytest.mark.parametrize("size", [131_073, 10_000_000])
def test_a_body_too_large_is_refused(shop, size):
    before = shop.state()
    reply = shop.post("/orders", b" " * size, key="key-1")
    assert (reply.status, reply.problem) == (413, "body-too-large")
    assert shop.state() == before


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "", None])
def test_a_body_of_another_type_is_refused(shop, content_type):
    before = shop.state()
    reply = shop.post("/orders", BODY, key="key-1", headers={"content-type": content_type})
    assert (reply.status, reply.problem) == (415, "unsupported-media-type")
    assert shop.state() == before


def test_a_body_may_name_its_charset(shop):
    assert (
        shop.post("/orders", BODY, key="k", headers={"content-type": "Application/JSON; charset=utf-8"}).status == 202
    )


def test_an_empty_body_is_refused(shop):
    reply = shop.post("/orders", b"", key="key-1")
    assert (reply.status, reply.problem) == (400, "invalid-json")


@pytest.mark.parametrize("key", [None, "", "two words", "ключ", "k" * 256])
def test_an_order_needs_a_key_that_can_be_one(shop, key):
    before = shop.state()
    reply = shop.post("/orders", BODY, headers={} if key is None else {"idempotency-key": key})
    assert (reply.status, reply.problem) == (400, "invalid-request")
    assert list(reply.complaints) == ["header/Idempotency-Key"]
    assert shop.state() == before


def test_nobody_places_no_order(shop):
    before = shop.state()
    assert shop.post("/orders", BODY, key="key-1", by=None).problem == "unauthorized"
    assert shop.state() == before
