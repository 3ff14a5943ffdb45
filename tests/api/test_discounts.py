"""Discount codes: operators set them, orders use them within their limits, and ended orders give their use back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from oms.domain import placement
from tests.api.shop import ANNA, BERT, BODY, OLGA

TERMS = {
    "currency": "USD",
    "percent": 10,
    "valid_from": "2020-01-01T00:00:00Z",
    "valid_until": "2099-01-01T00:00:00Z",
    "total_limit": 2,
    "customer_limit": 1,
}
WITH_CODE = {**BODY, "code": "welcome"}
QUOTE = {"currency": "USD", "lines": BODY["lines"], "recipient": {"country": "IS"}, "code": "Welcome"}


def put(shop, code="WELCOME", **changes):
    return shop.ask("PUT", f"/discounts/{code}", {**TERMS, **changes}, by=OLGA)


def used(shop):
    return shop.get("/discounts/WELCOME", by=OLGA).json["used"]


def test_a_code_is_made_and_changed_as_it_was_seen(shop):
    made = shop.ask("PUT", "/discounts/welcome", TERMS, by=OLGA, headers={"if-none-match": "*"})
    assert (made.status, made.json["code"], made.json["used"]) == (201, "WELCOME", 0)
    assert made.headers["Location"] == "/api/discounts/WELCOME"
    response = shop.get("/discounts/WELCOME", by=OLGA)
    assert (response.json, response.headers["ETag"]) == (made.json, made.headers["ETag"])
    as_seen = {"if-match": made.headers["ETag"]}
    better = shop.ask("PUT", "/discounts/WELCOME", {**TERMS, "percent": 20}, by=OLGA, headers=as_seen)
    assert (better.status, better.json["percent"]) == (200, 20)
    again = shop.ask("PUT", "/discounts/WELCOME", TERMS, by=OLGA, headers=as_seen)
    assert again.problem == "precondition-failed"


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"percent": 101}, "body/percent"),
        ({"percent": 0}, "body"),
        ({"valid_from": "2026-02-30T00:00:00Z"}, "body/valid_from"),
        ({"valid_until": "tomorrow"}, "body/valid_until"),
        ({"valid_until": "2020-01-01T00:00:00Z"}, "body/valid_until"),
        ({"total_limit": 0}, "body/total_limit"),
    ],
)
def test_terms_that_make_no_sense_are_refused(shop, changes, where):
    before = shop.state()
    assert list(put(shop, **changes).complaints) == [where]
    assert shop.state() == before


@pytest.mark.parametrize("code", ["NONE", "K" * 41, "ÄÖÜ"])
def test_a_code_that_is_not_there_is_not_found(shop, code):
    assert shop.get(f"/discounts/{code}", by=OLGA).problem == "code-not-found"


def test_an_order_is_placed_with_a_code_at_what_was_quoted(shop):
    put(shop)
    quoted = shop.post("/quotes", QUOTE).json
    assert quoted["charges"]["discount_minor"] == 854  # 10 % of 85.48
    order = shop.get(f"/orders/{shop.place(WITH_CODE)}").json
    assert (order["charges"], order["code"]) == (quoted["charges"], "WELCOME")
    assert [line["discount_minor"] for line in order["lines"]] == [399, 455]
    assert used(shop) == 1


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"valid_until": "2020-01-02T00:00:00Z"}, "code-not-valid"),
        ({"valid_from": "2098-01-01T00:00:00Z"}, "code-not-valid"),
        ({"minimum_minor": 10_000}, "code-not-valid"),
        ({"currency": "EUR"}, "code-not-valid"),
    ],
)
def test_a_code_for_other_orders_is_refused_and_writes_nothing(shop, changes, problem):
    put(shop, **changes)
    before = shop.state()
    assert shop.post("/orders", WITH_CODE, key="key-1").problem == problem
    assert shop.post("/quotes", QUOTE).problem == problem
    assert shop.state() == before


def test_a_code_that_there_is_not_is_refused(shop):
    reply = shop.post("/orders", WITH_CODE, key="key-1")
    assert (reply.status, reply.problem) == (422, "code-not-valid")


def test_the_same_request_again_is_the_same_order_though_the_code_is_used_up(shop):
    put(shop, total_limit=1)
    placed = shop.place(WITH_CODE, key="key-1")
    assert shop.post("/orders", WITH_CODE, key="key-1").json["order_id"] == placed
    assert shop.post("/orders", WITH_CODE, key="key-2", by=BERT).problem == "code-used-up"
    assert shop.post("/quotes", QUOTE, by=BERT).problem == "code-used-up"
    assert used(shop) == 1


def test_a_customer_uses_a_code_no_more_often_than_they_may(shop):
    put(shop)
    shop.place(WITH_CODE, key="key-1")
    before = shop.state()
    reply = shop.post("/orders", WITH_CODE, key="key-2", by=ANNA)
    assert (reply.status, reply.problem) == (409, "code-used-up")
    assert shop.state() == before


def test_an_order_that_comes_to_nothing_gives_its_code_back(shop):
    put(shop)
    shop.save(shop.place(WITH_CODE, key="key-1"), lambda order: placement.reject(order, "out-of-stock"))
    assert used(shop) == 0
    shop.place(WITH_CODE, key="key-2")
    assert used(shop) == 1


def test_a_limit_is_not_lowered_below_what_was_used(shop):
    put(shop)
    shop.place(WITH_CODE, key="key-1")
    shop.place(WITH_CODE, key="key-2", by=BERT)
    reply = put(shop, total_limit=1)
    assert (reply.status, reply.problem) == (409, "code-used-up")
    assert put(shop, total_limit=3).status == 200


def test_eight_clients_want_a_code_s_last_use_and_one_has_it(shop):
    put(shop, total_limit=1)

    def asks(n):
        return shop.post("/orders", WITH_CODE, key="key-1", by=f"shopper-{n}").status

    with ThreadPoolExecutor(8) as clients:
        statuses = sorted(clients.map(asks, range(8)))
    assert statuses == [202, *[409] * 7]
    assert (used(shop), len(shop.store.orders), len(shop.starts("NewOrder"))) == (1, 1, 1)
