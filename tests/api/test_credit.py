"""Store credit over HTTP: grant, show, refund to it, and spend."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from api import guests
from oms.domain import payment_rules, placement, returns, shipment_rules
from oms.domain.credit import RefundTo
from oms.domain.events import Units
from oms.domain.payment import Authorization, Risk
from tests.api.shop import ANNA, BERT, BODY, OLGA, SECRETS, Shop

SPENDING = {**BODY, "use_store_credit": True}
PATH = f"/customers/{ANNA}/credit"


@pytest.fixture
def shop():
    return Shop()


def grant(shop, minor=3000, key="k", customer=ANNA, **more):
    body = {"amount_minor": minor, "currency": "USD", "reason": "sorry", **more}
    return shop.post(f"/customers/{customer}/credit", body, by=OLGA, key=key)


def balance(shop, by=ANNA):
    return {each["currency"]: each["balance_minor"] for each in shop.get("/credit", by=by).json["balances"]}


def test_an_operator_grants_credit_once_a_key(shop):
    first, again = grant(shop), grant(shop)
    assert (first.status, again.status, balance(shop)) == (201, 200, {"USD": 3000})
    assert first.json == again.json
    assert (grant(shop, 1).status, grant(shop, 1).problem) == (422, "idempotency-key-reused")
    assert grant(shop, 5, key="other", currency="ISK").status == 201
    assert balance(shop) == {"USD": 3000, "ISK": 5}
    assert balance(shop, by=BERT) == {}


def test_only_operators_see_who_gave_it_and_why(shop):
    grant(shop)
    (theirs,) = shop.get(PATH, by=OLGA).json["items"]
    (own,) = shop.get("/credit").json["items"]
    assert (theirs["by"], theirs["note"], theirs["reason"]) == ("operator:olga", "sorry", "granted")
    assert {**own, "by": "operator:olga", "note": "sorry"} == theirs


def test_the_ledger_comes_in_pages(shop):
    for n in range(5):
        grant(shop, 100 + n, key=f"k{n}")
    first = shop.get("/credit", query={"limit": 3}).json
    rest = shop.get("/credit", query={"limit": 3, "cursor": first["cursor"]}).json
    assert [each["amount_minor"] for each in [*first["items"], *rest["items"]]] == [104, 103, 102, 101, 100]
    assert rest["cursor"] is None
    assert shop.get("/credit", by=BERT, query={"cursor": first["cursor"]}).status == 400


def test_an_order_takes_the_credit_and_the_card_pays_the_rest(shop):
    grant(shop)
    quoted = shop.post("/quotes", {**{k: BODY[k] for k in ("currency", "lines")}, **where(), "use_store_credit": True})
    reply = shop.post("/orders", SPENDING, key="k")
    totals = reply.json["totals"]
    assert (reply.status, totals["store_credit_minor"], balance(shop)) == (202, 3000, {"USD": 0})
    assert quoted.json["store_credit_minor"] == 3000
    assert quoted.json["card_minor"] == totals["ordered_minor"] - 3000
    assert shop.get("/credit").json["items"][0]["order_id"] == reply.json["order_id"]
    again = shop.post("/orders", SPENDING, key="k")
    assert (again.status, again.json["totals"], balance(shop)) == (200, totals, {"USD": 0})


def where():
    return {"recipient": {"country": BODY["recipient"]["country"]}}


def test_without_the_word_nothing_is_taken(shop):
    grant(shop)
    for body in (BODY, {**BODY, "use_store_credit": False}):
        assert shop.orders.get(shop.place(body)).credit_minor == 0
    assert balance(shop) == {"USD": 3000}


def test_credit_in_another_currency_pays_nothing(shop):
    grant(shop, currency="ISK")
    assert shop.orders.get(shop.place(SPENDING)).credit_minor == 0


def test_a_checkout_spends_it_too(shop):
    grant(shop)
    shop.ask("PUT", "/cart/lines/RED-LAMP", {"quantity": 1})
    body = {name: value for name, value in SPENDING.items() if name != "lines"}
    reply = shop.post("/cart/checkout", body, key="k")
    assert (reply.status, reply.json["totals"]["store_credit_minor"], balance(shop)) == (202, 3000, {"USD": 0})


def test_what_was_spent_meanwhile_is_told_and_nothing_is_written(shop, monkeypatch):
    grant(shop)
    balances = shop.deps.credit.balances(ANNA)
    shop.place(SPENDING, key="first")
    monkeypatch.setattr(shop.deps.credit, "balances", lambda _: balances)
    reply = shop.post("/orders", SPENDING, key="second")
    assert (reply.status, reply.problem) == (409, "credit-changed")
    assert len(shop.store.orders) == 1


def test_eight_clients_spend_the_last_credit_once(shop):
    grant(shop)

    def buy(n):
        return shop.post("/orders", SPENDING, key=f"key-{n}")

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(buy, range(8)))
    assert {reply.status for reply in replies} <= {202, 409}
    assert sum(reply.json["totals"]["store_credit_minor"] for reply in replies if reply.status == 202) == 3000
    assert balance(shop) == {"USD": 0}


def test_a_return_says_where_its_money_goes(shop):
    order_id = shop.delivered()
    body = {"lines": [{"sku": "RED-LAMP", "quantity": 1}], "reason": "too red", "refund_to": "store_credit"}
    return_id = shop.post(f"/orders/{order_id}/returns", body, key="k").json["return_id"]
    assert shop.starts("ReturnOrder")[return_id]["refund_to"] == "store_credit"
    units, now = [Units("RED-LAMP", 1)], shop.clock.now()
    shop.save(order_id, lambda order: returns.authorize(order, return_id, units, "", now, RefundTo.STORE_CREDIT))
    (returned,) = shop.get(f"/orders/{order_id}").json["returns"]
    assert returned["refund_to"] == "store_credit"
    other = {**body, "refund_to": "original_payment"}
    assert shop.post(f"/orders/{order_id}/returns", other, key="k").problem == "idempotency-key-reused"
    assert shop.post(f"/orders/{order_id}/returns", body, key="k").status == 202


def test_a_guest_has_no_account_for_it(shop):
    token, _ = guests.cart_token(SECRETS, shop.clock.now())
    shop.ask("PUT", "/guest/cart/lines/RED-LAMP", {"quantity": 1}, token=token)
    recipient = {**BODY["recipient"], "email": "anna@example.org"}
    body = {"currency": "USD", "payment_method": "pm_card_visa", "recipient": recipient}
    refused = shop.post("/guest/cart/checkout", {**body, "use_store_credit": True}, key="k", token=token)
    assert (refused.status, refused.problem) == (422, "no-account")
    placed = shop.post("/guest/cart/checkout", body, key="k", token=token).json
    order_id = placed["order_id"]
    delivered(shop, order_id)
    body = {"lines": [{"sku": "RED-LAMP", "quantity": 1}], "reason": "too red", "refund_to": "store_credit"}
    refused = shop.post(f"/guest/orders/{order_id}/returns", body, key="k", token=placed["token"])
    assert (refused.status, refused.problem) == (422, "no-account")
    assert shop.starts("ReturnOrder") == {}
    assert grant(shop, customer="guest_1").problem == "no-account"
    assert grant(shop, customer="x" * 101).problem == "no-account"


def delivered(shop, order_id):
    shop.save(order_id, lambda order: placement.reserve(order, {}))
    shop.save(order_id, lambda order: payment_rules.authorized(order, Authorization("pi_1", order.charge, Risk.NORMAL)))
    shop.save(order_id, placement.confirm)
    shop.save(order_id, lambda order: shipment_rules.request_shipment(order, "token"))
    shop.save(order_id, lambda order: payment_rules.captured(order, order.to_capture))
    shop.save(order_id, lambda order: shipment_rules.ship(order, "TRACK-1"))
    shop.save(order_id, shipment_rules.deliver)
