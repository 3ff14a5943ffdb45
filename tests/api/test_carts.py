"""Carts over HTTP: fill, change, show, merge, check out."""

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest

from oms.domain.cart import MAX_LINES
from oms.domain.errors import CartChanged
from oms.domain.money import Money
from oms.domain.order import Status
from tests.api.shop import ANNA, BERT, BODY, OLGA, REQUEST
from tests.api.test_discounts import TERMS
from tests.domain.orders import CATALOGUE

CHECKOUT = {name: value for name, value in BODY.items() if name != "lines"}


def put(shop, sku, quantity, **how):
    return shop.ask("PUT", f"/cart/lines/{sku}", {"quantity": quantity}, **how)


def units(reply):
    return {line["sku"]: line["quantity"] for line in reply.json["lines"]}


def reprice(shop, sku, minor, currency="USD"):
    shop.products.put([replace(CATALOGUE[sku], price=Money(minor, currency))])


@pytest.fixture
def filled(shop):
    """A shop in which Anna has two lamps and a rug in her cart."""
    put(shop, "RED-LAMP", 2)
    put(shop, "BLUE-RUG", 1)
    return shop


def test_a_cart_is_empty_then_filled_changed_and_emptied(shop):
    empty = {"lines": [], "units": 0, "total_minor": 0, "currency": None, "changes": []}
    assert shop.get("/cart").json == empty
    put(shop, "RED-LAMP", 1)
    put(shop, "BLUE-RUG", 3)
    changed = put(shop, "RED-LAMP", 2)
    assert changed.json == shop.get("/cart").json
    assert changed.json["lines"][0] == {
        "sku": "RED-LAMP",
        "name": "Red lamp",
        "quantity": 2,
        "unit_price_minor": 1999,
        "total_minor": 3998,
    }
    assert (changed.json["units"], changed.json["total_minor"], changed.json["currency"]) == (5, 17648, "USD")
    assert units(put(shop, "RED-LAMP", 0)) == {"BLUE-RUG": 3}
    assert units(shop.ask("DELETE", "/cart/lines/TEA")) == {"BLUE-RUG": 3}
    assert units(shop.ask("DELETE", "/cart/lines/BLUE-RUG")) == {}
    put(shop, "BLUE-RUG", 1)
    assert shop.ask("DELETE", "/cart").json == shop.get("/cart").json == empty


def test_each_shopper_has_their_own_cart(filled):
    assert units(filled.get("/cart", by=BERT)) == {}
    put(filled, "TEA", 1, by=BERT)
    assert units(filled.get("/cart")) == {"RED-LAMP": 2, "BLUE-RUG": 1}


def test_a_cart_takes_no_more_than_an_order_does(shop):
    shop.products.put(replace(CATALOGUE["TEA"], sku=f"TEA-{n}") for n in range(MAX_LINES))
    for n in range(MAX_LINES):
        put(shop, f"TEA-{n}", 1)
    assert put(shop, "TEA", 1).problem == "invalid-request"
    assert list(put(shop, "TEA-0", 1000).complaints) == ["body/quantity"]
    assert len(shop.get("/cart").json["lines"]) == MAX_LINES


@pytest.mark.parametrize("sku", ["GREEN-SOFA", "no sku", "%F0%9F%92%A1"])
def test_only_what_the_shop_sells_goes_in(shop, sku):
    before = shop.state()
    assert (put(shop, sku, 1).status, put(shop, sku, 1).problem) == (404, "product-not-found")
    assert shop.state() == before


def test_no_sum_is_told_of_two_currencies(filled):
    reprice(filled, "TEA", 333, "EUR")
    before = filled.state()
    assert (put(filled, "TEA", 1).status, put(filled, "TEA", 1).problem) == (422, "wrong-currency")
    assert filled.state() == before
    reprice(filled, "RED-LAMP", 1999, "EUR")
    view = filled.get("/cart")
    assert (units(view), view.json["total_minor"]) == ({"BLUE-RUG": 1}, 4550)
    assert view.json["changes"] == [{"sku": "RED-LAMP", "kind": "gone", "before": 2, "now": 0}]
    assert filled.post("/cart/checkout", CHECKOUT, key="key-1").problem == "cart-outdated"
    assert filled.ask("DELETE", "/cart/lines/BLUE-RUG").json["currency"] is None
    assert put(filled, "RED-LAMP", 2).json["currency"] == "EUR"


def test_what_changed_since_is_told_until_the_shopper_agrees(filled):
    put(filled, "TEA", 1)
    reprice(filled, "RED-LAMP", 2499)
    del filled.products.products["BLUE-RUG"]
    for _ in range(2):
        view = filled.get("/cart").json
        assert view["changes"] == [
            {"sku": "RED-LAMP", "kind": "price", "before": 1999, "now": 2499},
            {"sku": "BLUE-RUG", "kind": "gone", "before": 1, "now": 0},
            {"sku": "TEA", "kind": "short", "before": 1, "now": 0},
        ]
        assert view["total_minor"] == 2 * 2499 + 333
    put(filled, "RED-LAMP", 2)
    filled.ask("DELETE", "/cart/lines/BLUE-RUG")
    assert [change["kind"] for change in filled.get("/cart").json["changes"]] == ["short"]


def test_a_cart_that_the_caller_has_is_not_sent_again(filled):
    etag = filled.get("/cart").headers["ETag"]
    assert filled.get("/cart", headers={"if-none-match": etag}).status == 304
    assert put(filled, "TEA", 1).headers["ETag"] == filled.get("/cart").headers["ETag"] != etag


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("PUT", "/cart/lines/TEA", {"quantity": 1}), ("DELETE", "/cart/lines/RED-LAMP", None), ("DELETE", "/cart", None)],
)
def test_what_the_caller_did_not_see_is_not_changed(filled, method, path, body):
    etag = filled.get("/cart").headers["ETag"]
    put(filled, "RED-LAMP", 3)
    before = filled.state()
    reply = filled.ask(method, path, body, headers={"if-match": etag})
    assert (reply.status, reply.problem) == (412, "precondition-failed")
    assert filled.state() == before
    now = filled.get("/cart").headers["ETag"]
    assert filled.ask(method, path, body, headers={"if-match": f"W/{now}"}).status == 412, "which is no proof"
    assert filled.ask(method, path, body, headers={"if-match": f'"other", {now}'}).status == 200


def test_a_cart_expires(filled):
    filled.clock.advance(timedelta(days=29))
    assert units(put(filled, "TEA", 1)) == {"RED-LAMP": 2, "BLUE-RUG": 1, "TEA": 1}
    filled.clock.advance(timedelta(days=29))
    assert len(units(filled.get("/cart"))) == 3
    filled.clock.advance(timedelta(days=1))
    assert filled.get("/cart").json["lines"] == []
    assert filled.post("/cart/checkout", CHECKOUT, key="key-1").problem == "cart-empty"


def test_many_at_once_lose_nothing_or_are_told(shop):
    shop.products.put(replace(CATALOGUE["TEA"], sku=f"TEA-{n}") for n in range(8))
    begin = Barrier(8)

    def hammers(n):
        begin.wait()
        return [put(shop, f"TEA-{n}", quantity).status for quantity in range(1, 21)]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(hammers, range(8)))
    sys.setswitchinterval(interval)

    assert {status for each in answers for status in each} <= {200, 409}
    last = {f"TEA-{n}": max(q for q, status in enumerate(each, 1) if status == 200) for n, each in enumerate(answers)}
    assert units(shop.get("/cart")) == last


def test_who_loses_every_race_is_told_and_may_try_again(filled, monkeypatch):
    def somebody_came_first(cart, at):
        raise CartChanged("the cart is past version 2: look at it again")

    with monkeypatch.context() as patch:
        patch.setattr(filled.deps.carts, "save", somebody_came_first)
        reply = put(filled, "TEA", 1)
    assert (reply.status, reply.problem) == (409, "cart-changed")
    assert units(put(filled, "TEA", 1))["TEA"] == 1


# --- Checkout -------------------------------------------------------------------------------------


def test_checkout_makes_an_order_of_the_cart(filled):
    reply = filled.post("/cart/checkout", CHECKOUT, key="key-1")
    assert reply.status == 202
    order = filled.orders.get(reply.json["order_id"])
    assert (order.customer_id, order.status, order.recipient) == (ANNA, Status.PLACED, CHECKOUT["recipient"])
    assert {line.sku: line.quantity for line in order.lines} == {"RED-LAMP": 2, "BLUE-RUG": 1}
    assert filled.starts("NewOrder") == {order.id: {"order_id": order.id, "request_id": REQUEST}}
    assert filled.get("/cart").json["lines"] == []
    assert filled.get(reply.headers["Location"]).status == 200


def test_the_same_key_is_the_same_order_though_the_cart_is_empty_or_filled_again(filled):
    first = filled.post("/cart/checkout", CHECKOUT, key="key-1")
    again = filled.post("/cart/checkout", CHECKOUT, key="key-1")
    assert (again.status, again.json) == (200, first.json)
    put(filled, "TEA", 4)
    assert filled.post("/cart/checkout", CHECKOUT, key="key-1").json == first.json
    reprice(filled, "TEA", 1)
    assert filled.post("/cart/checkout", CHECKOUT, key="key-1").json == first.json
    assert units(filled.get("/cart")) == {"TEA": 4}
    assert len(filled.store.orders) == 1


def test_the_same_key_for_another_wish_is_refused(filled):
    filled.post("/cart/checkout", CHECKOUT, key="key-1")
    elsewhere = {**CHECKOUT, "payment_method": "pm_card_mastercard"}
    assert filled.post("/cart/checkout", elsewhere, key="key-1").problem == "idempotency-key-reused"


def test_nothing_is_not_ordered(shop):
    before = shop.state()
    reply = shop.post("/cart/checkout", CHECKOUT, key="key-1")
    assert (reply.status, reply.problem) == (409, "cart-empty")
    assert shop.state() == before


def test_what_costs_otherwise_or_is_gone_is_not_ordered_unseen(filled):
    reprice(filled, "RED-LAMP", 2499)
    del filled.products.products["BLUE-RUG"]
    before = filled.state()
    reply = filled.post("/cart/checkout", CHECKOUT, key="key-1")
    assert (reply.status, reply.problem) == (409, "cart-outdated")
    assert reply.json["detail"] == "RED-LAMP costs 2499, no longer 1999; BLUE-RUG is gone"
    assert filled.state() == before


def test_who_saw_the_changes_orders_what_is_there_at_today_s_prices(filled):
    etag = filled.get("/cart").headers["ETag"]
    reprice(filled, "RED-LAMP", 2499)
    del filled.products.products["BLUE-RUG"]
    assert filled.post("/cart/checkout", CHECKOUT, key="key-1", headers={"if-match": etag}).status == 412
    now = filled.get("/cart").headers["ETag"]
    reply = filled.post("/cart/checkout", CHECKOUT, key="key-1", headers={"if-match": now})
    assert reply.status == 202
    assert [line.sku for line in filled.orders.get(reply.json["order_id"]).lines] == ["RED-LAMP"]
    again = filled.post("/cart/checkout", CHECKOUT, key="key-1", headers={"if-match": now})
    assert (again.status, again.json) == (200, reply.json)


@pytest.mark.parametrize("keys", [["key-1"] * 8, [f"key-{n}" for n in range(8)]], ids=["one key", "a key each"])
def test_checkouts_at_once_are_one_order(filled, keys):
    begin = Barrier(8)

    def orders(key):
        begin.wait()
        return filled.post("/cart/checkout", CHECKOUT, key=key)

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(orders, keys))

    (placed,) = filled.store.orders
    assert {reply.json["order_id"] for reply in replies if reply.status < 300} == {placed}
    assert {reply.problem for reply in replies if reply.status >= 300} <= {"cart-changed", "cart-empty"}
    assert filled.get("/cart").json["lines"] == []


def test_what_comes_in_during_a_checkout_stays_or_is_ordered(filled, monkeypatch):
    create = filled.orders.create

    def late(*arguments):
        monkeypatch.undo()
        put(filled, "TEA", 1)
        return create(*arguments)

    monkeypatch.setattr(filled.orders, "create", late)
    reply = filled.post("/cart/checkout", CHECKOUT, key="key-1")
    assert (reply.status, reply.problem) == (409, "cart-changed")
    assert units(filled.get("/cart")) == {"RED-LAMP": 2, "BLUE-RUG": 1, "TEA": 1}
    assert not filled.store.orders
    assert filled.post("/cart/checkout", CHECKOUT, key="key-1").json["units"] == 4


def test_a_checkout_whose_execution_can_t_begin_is_finished_by_the_same_request(filled):
    filled.executions.fail_next(after_effect=False)
    assert filled.post("/cart/checkout", CHECKOUT, key="key-1").problem == "executions-unavailable"
    assert filled.get("/cart").json["lines"] == [], "the order is written down"
    assert not filled.starts("NewOrder")
    again = filled.post("/cart/checkout", CHECKOUT, key="key-1")
    assert (again.status, list(filled.starts("NewOrder"))) == (200, [again.json["order_id"]])


def test_a_code_that_is_used_up_leaves_the_cart_as_it_was(filled):
    put(filled, "TEA", 1, by=BERT)
    filled.ask("PUT", "/discounts/WELCOME", {**TERMS, "total_limit": 1}, by=OLGA)
    with_code = {**CHECKOUT, "code": "WELCOME"}
    assert filled.post("/cart/checkout", with_code, key="key-1", by=BERT).status == 202
    before = filled.state()
    reply = filled.post("/cart/checkout", with_code, key="key-1")
    assert (reply.status, reply.problem) == (409, "code-used-up")
    assert filled.state() == before
    assert filled.post("/cart/checkout", CHECKOUT, key="key-2").status == 202


SCRIPTS = {
    "Arabic": "محمد بن عبد الله",
    "Hebrew": "דָּוִד בֶּן־גּוּרִיּוֹן",
    "Chinese": "王小明",
    "Japanese": "山田 太郎",
    "Korean": "김철수",
    "four bytes": "𠮷野家 𓀀",
    "Thai": "สมชาย ใจดี",
    "Devanagari": "क्षत्रिय",
    "Greek": "Ἀριστοτέλης",
    "combining": "Zoe\u0308 A\u030angstro\u0308m",
    "composed": "Zo\u00eb \u00c5ngstr\u00f6m",
    "emoji": "👩🏽\u200d🚀 🏳️\u200d🌈",
    "directions": "\u202eabc\u202c \u2067دو\u2069",
    "spaces": " A\u00a0B\u3000C ",
    "markup": '<b>"O\'Neil"</b> & \\u0041 \t\n',
}


@pytest.mark.parametrize("name", SCRIPTS.values(), ids=SCRIPTS)
def test_a_name_in_any_script_reaches_the_order_as_it_was_written(filled, name):
    recipient = {**CHECKOUT["recipient"], "name": name, "address": name, "city": name}
    reply = filled.post("/cart/checkout", {**CHECKOUT, "recipient": recipient}, key="key-1")
    assert filled.get(reply.headers["Location"]).json["recipient"] == recipient
