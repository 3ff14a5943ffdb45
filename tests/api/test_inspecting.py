"""Returns: the queue of those to inspect, and an inspection that an operator reports."""

from datetime import timedelta

import pytest

from oms.domain import returns
from oms.domain.events import InspectionReported, Units
from tests.api.shop import ANNA, OLGA

FOUND = {"units": {"RED-LAMP": ["new", "damaged"]}, "reason": "The label was torn off"}


@pytest.fixture
def returned(shop):
    order_id, until = shop.delivered(), shop.clock.now() + timedelta(days=30)
    shop.save(order_id, lambda order: returns.authorize(order, "rma", [Units("RED-LAMP", 2)], "", until))
    shop.save(order_id, lambda order: returns.expect_parcel(order, "rma", "token-1"))
    return order_id


def inspect(shop, order_id, body=FOUND, return_id="rma", by=OLGA):
    return shop.post(f"/orders/{order_id}/returns/{return_id}/inspection", body, by=by)


def queued(shop):
    return [order["order_id"] for order in shop.get("/queues", by=OLGA, query={"queue": "returns"}).json["items"]]


def test_a_return_waits_in_its_queue_until_it_is_inspected(shop, returned):
    assert queued(shop) == [returned]
    shop.save(returned, lambda order: returns.inspect(order, "rma", FOUND["units"]))
    assert queued(shop) == []


def test_what_an_operator_found_reaches_the_return_in_their_name(shop, returned):
    reply = inspect(shop, returned)
    assert (reply.status, reply.json) == (200, {"order_id": returned, "return_id": "rma"})
    assert shop.executions.answers == {"token-1": {"output": {"units": FOUND["units"]}}}
    last = shop.orders.events(returned)[-1]
    assert (last.by, last.event) == ("operator:olga", InspectionReported("rma", FOUND["reason"]))


def test_the_first_inspection_stands(shop, returned):
    shop.save(returned, lambda order: returns.inspect(order, "rma", {"RED-LAMP": ["new", "new"]}))
    shop.executions.expire("token-1")
    before = shop.state()
    assert inspect(shop, returned).status == 200
    assert shop.state() == before


@pytest.mark.parametrize("units", [{"TEA": ["new"]}, {"RED-LAMP": ["new"] * 3}])
def test_goods_that_were_not_in_the_return_are_refused(shop, returned, units):
    before = shop.state()
    reply = inspect(shop, returned, {**FOUND, "units": units})
    assert (reply.status, list(reply.complaints)) == (400, ["body/units"])
    assert shop.state() == before


def test_a_return_that_is_none_is_not_found_and_a_shopper_inspects_nothing(shop, returned):
    assert inspect(shop, returned, return_id="other").problem == "return-not-found"
    assert inspect(shop, returned, by=ANNA).status == 403


def test_a_parcel_that_nothing_waits_for_yet_is_to_be_told_again(shop):
    order_id, now = shop.delivered(), shop.clock.now()
    shop.save(order_id, lambda order: returns.authorize(order, "rma", [Units("RED-LAMP", 2)], "", now))
    reply = inspect(shop, order_id)
    assert (reply.status, reply.problem) == (409, "nothing-waits")


def test_of_a_return_that_was_given_up_they_are_told_to_request_another(shop, returned):
    shop.executions.expire("token-1")
    shop.save(returned, lambda order: returns.close(order, "rma"))
    before = shop.state()
    reply = inspect(shop, returned)
    assert (reply.status, reply.problem) == (409, "order-not-returnable")
    assert "request another return" in reply.json["detail"]
    assert shop.state() == before
