"""The carrier's webhook: verified, and each event delivered once."""

import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest

from oms.adapters.webhook_signatures import verify_signature
from oms.domain import cancellation_rules, payment_rules, placement, returns, shipment_rules
from oms.domain.events import Units
from tests.api.shop import OLGA, SECRET


def signature(shop, body, secret=SECRET, age=0):
    stamp = int(shop.clock.now().timestamp()) - age
    return f"t={stamp},v1={hmac.new(secret.encode(), f'{stamp}.'.encode() + body, hashlib.sha256).hexdigest()}"


def say(shop, kind, order_id, signed=signature, **more):
    body = json.dumps({"id": "evt_1", "type": kind, "order_id": order_id, **more}).encode()
    return shop.post("/webhooks/carrier", body, by=None, headers={"carrier-signature": signed(shop, body)})


@pytest.mark.parametrize(
    ("kind", "more", "stage", "answer"),
    [
        ("shipment.dispatched", {"tracking": "CS1"}, "requested", {"output": {"tracking": "CS1"}}),
        ("shipment.delivered", {}, "shipped", {"output": {}}),
    ],
)
def test_good_news_reaches_what_waits_for_it(shop, kind, more, stage, answer):
    order_id = getattr(shop, stage)("token-1")
    reply = say(shop, kind, order_id, **more)
    assert (reply.status, reply.json) == (200, {"order_id": order_id})
    assert shop.executions.answers == {"token-1": answer}


@pytest.mark.parametrize(
    ("kind", "stage", "error"),
    [("shipment.recalled", "requested", "ShipmentRefused"), ("shipment.lost", "shipped", "ParcelLost")],
)
def test_bad_news_fails_what_waits_for_it(shop, kind, stage, error):
    order_id = getattr(shop, stage)("token-1")
    assert say(shop, kind, order_id).status == 200
    assert shop.executions.answers["token-1"]["error"] == error


def test_goods_that_a_cancellation_called_back_are_recalled(shop):
    order_id = shop.requested("token-1")
    shop.save(order_id, lambda order: cancellation_rules.take(order, "ord_cancel", (), "no"))
    assert say(shop, "shipment.recalled", order_id).status == 200
    assert shop.executions.answers["token-1"]["error"] == "ShipmentRecalled"


def test_progress_is_a_heartbeat(shop):
    assert say(shop, "shipment.progress", shop.requested("token-1")).status == 200
    assert shop.executions.heartbeats == ["token-1"]


def returned(shop):
    order_id, now = shop.delivered(), shop.clock.now()
    shop.save(order_id, lambda order: returns.authorize(order, "rma", [Units("RED-LAMP", 2)], "", now))
    shop.save(order_id, lambda order: returns.expect_parcel(order, "rma", "token-1"))
    return order_id


def test_a_parcel_reaches_its_return(shop):
    order_id = returned(shop)
    units = {"RED-LAMP": ["new", "damaged"]}
    assert say(shop, "return.received", order_id, return_id="rma", units=units).status == 200
    assert shop.executions.answers == {"token-1": {"output": {"units": units}}}


@pytest.mark.parametrize("units", [{"TEA": ["new"]}, {"RED-LAMP": ["new"] * 3}])
def test_a_parcel_of_other_goods_is_refused_before_it_reaches_anything(shop, units):
    order_id = returned(shop)
    before = shop.state()
    reply = say(shop, "return.received", order_id, return_id="rma", units=units)
    assert (reply.status, list(reply.complaints)) == (400, ["body/units"])
    assert shop.state() == before


def test_a_parcel_of_a_return_that_is_none_is_refused(shop):
    reply = say(shop, "return.received", shop.delivered(), return_id="rma", units={})
    assert (reply.status, reply.problem) == (404, "return-not-found")


def test_a_word_that_nothing_waits_for_yet_is_to_be_said_again(shop):
    order_id = shop.confirmed()
    reply = say(shop, "shipment.dispatched", order_id, tracking="CS1")
    assert (reply.status, reply.problem, reply.headers["Retry-After"]) == (409, "nothing-waits", "1")


def test_a_word_that_comes_again_is_heard_once(shop):
    order_id = shop.requested("token-1")
    assert say(shop, "shipment.dispatched", order_id, tracking="CS1").status == 200
    shop.save(order_id, lambda order: payment_rules.captured(order, order.due))
    before = shop.state()
    assert say(shop, "shipment.dispatched", order_id, tracking="CS2").status == 200
    assert shop.state() == before


def expired(shop):
    order_id = returned(shop)
    shop.executions.expire("token-1")
    shop.save(order_id, lambda order: returns.close(order, "rma"))
    return order_id


def cancelled(shop):
    order_id = shop.confirmed()
    shop.save(order_id, lambda order: cancellation_rules.take(order, "ord_cancel", (), "no"))
    shop.save(order_id, payment_rules.voided)
    shop.save(order_id, lambda order: placement.release(order, "ord_cancel"))
    shop.save(order_id, lambda order: cancellation_rules.complete(order, "ord_cancel", "no"))
    return order_id


def lost(shop):
    order_id = shop.shipped("token-1")
    shop.executions.expire("token-1")
    shop.save(order_id, shipment_rules.lose)
    return order_id


@pytest.mark.parametrize(
    ("kind", "more", "stage", "what"),
    [
        ("return.received", {"return_id": "rma", "units": {"RED-LAMP": ["new"]}}, expired, "and it was expired"),
        ("shipment.dispatched", {"tracking": "CS1"}, cancelled, "the parcel left (CS1), and the order is cancelled"),
        ("shipment.delivered", {}, lost, "the parcel is delivered, and the order is lost"),
    ],
)
def test_a_word_that_the_books_contradict_parks_the_order_once_and_alarms(shop, capsys, kind, more, stage, what):
    order_id = stage(shop)
    capsys.readouterr()
    assert say(shop, kind, order_id, **more).status == 200
    assert what in shop.orders.get(order_id).parked["Carrier"].cause
    counted = json.loads(capsys.readouterr().out)
    assert (counted["service"], counted["OrderParked"]) == ("order-tasks", [1.0])
    assert [order["order_id"] for order in shop.get("/queues", by=OLGA, query={"queue": "parked"}).json["items"]] == [
        order_id
    ]
    before = shop.state()
    assert say(shop, kind, order_id, **more).status == 200
    assert (shop.state(), capsys.readouterr().out) == (before, "")


def test_what_the_carrier_said_is_settled_by_hand(shop):
    order_id = expired(shop)
    say(shop, "return.received", order_id, return_id="rma", units={"RED-LAMP": ["new"]})
    settled = {"check": "Carrier", "reason": "Refunded at the gateway, ticket 4711"}
    assert shop.post(f"/orders/{order_id}/settlement", settled, by=OLGA).json["parked"] is False


FORGED = {
    "another secret": lambda shop, body: signature(shop, body, secret="guess"),
    "another body": lambda shop, body: signature(shop, body + b" "),
    "six minutes old": lambda shop, body: signature(shop, body, age=360),
    "six minutes ahead": lambda shop, body: signature(shop, body, age=-360),
    "of another time": lambda shop, body: signature(shop, body).replace("t=1", "t=2"),
    "no digest": lambda shop, body: signature(shop, body).partition(",")[0],
    "nonsense": lambda shop, body: "letmein",
}


@pytest.mark.parametrize("signed", FORGED.values(), ids=FORGED)
def test_a_forged_or_old_word_changes_nothing(shop, signed):
    order_id = shop.requested()
    before = shop.state()
    reply = say(shop, "shipment.dispatched", order_id, signed, tracking="CS1")
    assert (reply.status, reply.problem) == (401, "invalid-signature")
    assert shop.state() == before


def test_a_signature_may_be_nearly_five_minutes_off(shop):
    order_id = shop.requested()
    for age in (290, -290):
        signed = lambda shop, body, age=age: signature(shop, body, age=age)  # noqa: E731
        assert say(shop, "shipment.progress", order_id, signed).status == 200


def test_an_unsigned_word_is_refused(shop):
    reply = shop.post("/webhooks/carrier", {"id": "1", "type": "shipment.lost", "order_id": shop.shipped()}, by=None)
    assert reply.complaints == {"header/Carrier-Signature": "is missing"}


@pytest.mark.parametrize(
    ("kind", "more", "where"),
    [
        ("shipment.eaten", {}, "body/type"),
        ("shipment.dispatched", {}, "body/tracking"),
        ("return.received", {"return_id": "rma"}, "body/units"),
        ("return.received", {"return_id": "rma", "units": {"TEA": ["eaten"]}}, "body/units/TEA/0"),
    ],
)
def test_a_misshapen_word_is_refused(shop, kind, more, where):
    reply = say(shop, kind, shop.requested(), **more)
    assert (reply.status, list(reply.complaints)) == (400, [where])


def test_a_word_on_no_order_is_refused(shop):
    assert say(shop, "shipment.lost", "ord_" + "0" * 26).problem == "order-not-found"


def test_when_the_executions_are_away_the_carrier_says_it_again(shop):
    order_id = shop.shipped("token-1")
    shop.executions.fail_next(after_effect=False)
    assert say(shop, "shipment.delivered", order_id).status == 503
    assert say(shop, "shipment.delivered", order_id).status == 200
    assert list(shop.executions.answers) == ["token-1"]


def test_an_empty_secret_verifies_nothing():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    stamp = int(now.timestamp())
    forged = f"t={stamp},v1={hmac.new(b'', f'{stamp}.'.encode(), hashlib.sha256).hexdigest()}"
    with pytest.raises(ValueError, match="the secret is empty"):
        verify_signature(forged, b"", "", now)
