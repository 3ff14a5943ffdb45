"""Guests: one token gives access to a cart, another to an order, and neither to anything else."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from api import guests
from tests.api.shop import ANNA, BODY, SECRETS
from tests.api.test_carts import CHECKOUT, put, units

GUEST_CHECKOUT = {**CHECKOUT, "recipient": {**CHECKOUT["recipient"], "email": "gast@example.com"}}
CANCEL, RETURN = {"reason": "changed my mind"}, {"lines": [{"sku": "RED-LAMP", "quantity": 1}], "reason": "too red"}


@pytest.fixture
def cart(shop):
    """The token of a guest's cart with two lamps."""
    token = shop.post("/guest/carts", by=None).json["token"]
    fill(shop, token, "RED-LAMP", 2)
    return token


def fill(shop, token, sku, quantity):
    return shop.ask("PUT", f"/guest/cart/lines/{sku}", {"quantity": quantity}, token=token)


def ordered(shop, token, key="key-1"):
    return shop.post("/guest/cart/checkout", GUEST_CHECKOUT, token=token, key=key)


def test_a_guest_has_a_cart_of_their_own(shop, cart):
    other = shop.post("/guest/carts", by=None).json["token"]
    fill(shop, other, "TEA", 1)
    assert units(shop.get("/guest/cart", token=cart)) == {"RED-LAMP": 2}
    assert units(shop.ask("DELETE", "/guest/cart/lines/RED-LAMP", token=cart)) == {}
    assert units(shop.get("/guest/cart", token=other)) == {"TEA": 1}
    assert units(shop.ask("DELETE", "/guest/cart", token=other)) == {}


def test_a_guest_hears_beforehand_what_it_costs_and_pays_just_that(shop, cart):
    wish = {"currency": "USD", "lines": [{"sku": "RED-LAMP", "quantity": 2}], "recipient": {"country": "IS"}}
    quoted = shop.post("/guest/quotes", wish, token=cart)
    assert quoted.status == 200
    order = ordered(shop, cart)
    paid = shop.get(order.headers["Location"], token=order.json["token"]).json
    assert quoted.json["charges"] == paid["charges"]
    with_credit = shop.post("/guest/quotes", {**wish, "use_store_credit": True}, token=cart)
    assert (with_credit.status, with_credit.problem) == (422, "no-account")


def test_a_guest_s_cart_expires_sooner_than_their_token(shop, cart):
    shop.clock.advance(timedelta(days=7))
    assert shop.get("/guest/cart", token=cart).json["lines"] == []
    shop.clock.advance(timedelta(days=23))
    assert shop.get("/guest/cart", token=cart).problem == "unauthorized"


def test_a_guest_orders_follows_and_cancels(shop, cart):
    reply = ordered(shop, cart)
    assert reply.status == 202
    order, token = reply.headers["Location"], reply.json["token"]
    assert order == f"/api/guest/orders/{reply.json['order_id']}"
    assert shop.get("/guest/cart", token=cart).json["lines"] == []
    followed = shop.get(order, token=token)
    assert followed.json["recipient"]["email"] == "gast@example.com"
    assert shop.get(order, token=token, headers={"if-none-match": followed.headers["ETag"]}).status == 304
    cancelled = shop.post(f"{order}/cancellation", CANCEL, token=token)
    assert (cancelled.status, cancelled.headers["Location"]) == (202, order)
    assert list(shop.starts("CancelOrder")) == [cancelled.json["cancellation_id"]]


def test_a_guest_sends_goods_back(shop):
    order_id = shop.delivered()
    token, _ = guests.order_token(SECRETS, shop.orders.get(order_id))
    reply = shop.post(f"/guest/orders/{order_id}/returns", RETURN, token=token, key="key-1")
    assert (reply.status, list(shop.starts("ReturnOrder"))) == (202, [reply.json["return_id"]])


def test_the_same_checkout_again_answers_the_same_order_and_token(shop, cart):
    first, again = ordered(shop, cart), ordered(shop, cart)
    assert (again.status, again.json) == (200, first.json)
    assert len(shop.store.orders) == 1


def test_a_guest_says_where_they_can_be_written_to(shop, cart):
    before = shop.state()
    reply = shop.post("/guest/cart/checkout", CHECKOUT, token=cart, key="key-1")
    assert reply.complaints == {"body/recipient/email": "is missing"}
    wrong = {**CHECKOUT, "recipient": {**CHECKOUT["recipient"], "email": "nowhere"}}
    assert list(shop.post("/guest/cart/checkout", wrong, token=cart, key="key-1").complaints) == [
        "body/recipient/email"
    ]
    assert shop.state() == before


def test_a_token_is_for_its_order_alone(shop, cart):
    token = ordered(shop, cart).json["token"]
    other = shop.delivered()
    before = shop.state()
    for reply in (
        shop.get(f"/guest/orders/{other}", token=token),
        shop.get(f"/guest/orders/{'ord_' + '0' * 26}", token=token),
        shop.post(f"/guest/orders/{other}/cancellation", CANCEL, token=token),
        shop.post(f"/guest/orders/{other}/returns", RETURN, token=token, key="key-1"),
    ):
        assert (reply.status, reply.problem) == (404, "order-not-found")
    assert shop.state() == before


def forgeries(token):
    kind, identity, expires_at, mac = token.split(".")
    return {
        "none": "",
        "not signed": f"{kind}.{identity}.{expires_at}",
        "signed otherwise": f"{kind}.{identity}.{expires_at}.{'0' * 64}",
        "somebody else's": f"{kind}.{identity[:-1]}{'0' if identity[-1] != '0' else '1'}.{expires_at}.{mac}",
        "prolonged": f"{kind}.{identity}.{int(expires_at) + 1}.{mac}",
        "in capitals": token.upper(),
        "with something behind it": f"{token}0",
        "of other digits": f"{kind}.{identity}.{expires_at.replace('1', chr(0x661))}.{mac}",
    }


@pytest.mark.parametrize("name", forgeries("a.b.1.c"))
def test_a_forged_token_opens_nothing(shop, cart, name):
    reply = ordered(shop, cart)
    order, token = reply.headers["Location"], reply.json["token"]
    before = shop.state()
    for answer in (
        shop.get("/guest/cart", token=forgeries(cart)[name]),
        shop.get(order, token=forgeries(token)[name]),
        shop.post(f"{order}/cancellation", CANCEL, token=forgeries(token)[name]),
    ):
        assert (answer.status, answer.problem) == (401, "unauthorized")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert shop.state() == before


def test_a_token_of_one_kind_is_none_of_the_other(shop, cart):
    reply = ordered(shop, cart)
    assert shop.get(reply.headers["Location"], token=cart).status == 401
    assert shop.get("/guest/cart", token=reply.json["token"]).status == 401


def test_an_order_s_token_expires(shop, cart):
    reply = ordered(shop, cart)
    shop.clock.advance(timedelta(days=180))
    assert shop.get(reply.headers["Location"], token=reply.json["token"]).status == 401


def test_a_shopper_s_sign_in_opens_no_guest_s_cart(shop):
    assert shop.get("/guest/cart", by=ANNA).status == 401


# --- Joining at sign-in -----------------------------------------------------------------------------


def test_a_guest_s_cart_joins_the_shopper_s_once(shop, cart):
    fill(shop, cart, "TEA", 3)
    put(shop, "RED-LAMP", 1)
    for _ in range(2):
        assert units(shop.post("/cart/merge", {"guest_token": cart})) == {"RED-LAMP": 2, "TEA": 3}
    assert shop.get("/guest/cart", token=cart).json["lines"] == []
    put(shop, "TEA", 0)
    assert units(shop.post("/cart/merge", {"guest_token": cart})) == {"RED-LAMP": 2}


def test_what_the_guest_adds_meanwhile_is_not_lost(shop, cart, monkeypatch):
    save, carts = shop.deps.carts.save, shop.deps.carts

    def late(saved, at):
        monkeypatch.undo()
        fill(shop, cart, "TEA", 1)
        return save(saved, at)

    monkeypatch.setattr(carts, "save", late)
    assert units(shop.post("/cart/merge", {"guest_token": cart})) == {"RED-LAMP": 2}
    assert units(shop.post("/cart/merge", {"guest_token": cart})) == {"RED-LAMP": 2, "TEA": 1}


@pytest.mark.parametrize("name", [name for name in forgeries("a.b.1.c") if name != "none"])
def test_only_a_guest_s_cart_can_be_taken_over(shop, cart, name):
    before = shop.state()
    reply = shop.post("/cart/merge", {"guest_token": forgeries(cart)[name]})
    assert reply.complaints == {"body/guest_token": "is none of ours, or has expired"}
    assert shop.state() == before


def test_a_guest_s_order_is_none_of_the_shopper_s(shop, cart):
    order_id = ordered(shop, cart).json["order_id"]
    shop.post("/cart/merge", {"guest_token": cart})
    assert shop.get(f"/orders/{order_id}").status == 404
    assert shop.post("/orders", BODY, key="key-1").json["order_id"] != order_id


@pytest.mark.parametrize("secret", ["", "short"])
def test_no_token_is_given_out_or_accepted_with_an_empty_or_short_secret(secret):
    environ, now = {"GUEST_SECRET": secret}, datetime(2026, 1, 1, tzinfo=UTC)
    signed = f"cart.guest_1.{int(now.timestamp()) + 60}"
    forged = f"{signed}.{hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest()}"
    with pytest.raises(ValueError, match="GUEST_SECRET holds no secret"):
        guests.cart_token(environ, now)
    with pytest.raises(ValueError, match="GUEST_SECRET holds no secret"):
        guests.identity_in(guests.CART, forged, environ, now)
