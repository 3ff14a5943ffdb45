"""Redrives over HTTP: previewed, in the operator's name, of one order or of all in pages."""

import pytest

from oms.adapters.memory.edges import execution_arn
from oms.domain.events import RedriveRequested
from oms.domain.inventory import receive
from tests.api.shop import OLGA

MENDED = {"reason": "The gateway answers again"}


def test_a_plan_tells_each_state_and_writes_nothing(shop):
    order_id = shop.parked()
    before = shop.state()
    (plan,) = shop.get(f"/orders/{order_id}/redrive", by=OLGA).json["plans"]
    assert (plan["way"], plan["why"]) == ("forward", "it is FAILED")
    capture = next(step for step in plan["steps"] if step["state"] == "CapturePayment")
    assert (capture["verdict"], capture["effects"]) == ("runs", [f"{order_id}:capture"])
    assert shop.state() == before


def test_a_redrive_goes_on_in_the_operator_s_name_and_says_why(shop):
    order_id = shop.parked()
    arn = execution_arn("FulfillOrder", order_id)
    reply = shop.post(f"/orders/{order_id}/redrive", MENDED, by=OLGA)
    assert (reply.status, reply.json["executions"]) == (
        200,
        [{"order_id": order_id, "execution": arn, "goes_on": True, "why": ""}],
    )
    assert shop.executions.redrives == [arn]
    last = shop.orders.events(order_id)[-1]
    assert (last.by, last.event) == ("operator:olga", RedriveRequested(arn, MENDED["reason"]))


def test_one_that_failed_long_ago_is_replaced(shop):
    order_id = shop.parked()
    shop.executions.grow_old("FulfillOrder", order_id)
    (done,) = shop.post(f"/orders/{order_id}/redrive", MENDED, by=OLGA).json["executions"]
    assert (done["goes_on"], shop.executions.redrives) == (True, [])
    assert f"FulfillOrder {order_id}-again-1 goes on for it" in done["why"]
    assert shop.starts("FulfillOrder")[f"{order_id}-again-1"] == {"order_id": order_id}
    assert not shop.orders.get(order_id).parked


def test_what_is_not_parked_has_no_plan_and_no_redrive(shop):
    order_id = shop.confirmed()
    before = shop.state()
    assert shop.get(f"/orders/{order_id}/redrive", by=OLGA).json["plans"] == []
    reply = shop.post(f"/orders/{order_id}/redrive", MENDED, by=OLGA)
    assert (reply.status, reply.problem) == (409, "order-not-parked")
    assert shop.state() == before


def test_all_are_redriven_part_by_part_while_there_is_a_cursor(shop):
    ids = [shop.parked() for _ in range(3)]
    planned = shop.get("/redrives", by=OLGA, query={"limit": 2}).json
    assert [each["order_id"] for each in planned["items"]] == ids[:2]
    first = shop.post("/redrives", {**MENDED, "limit": 2, "per_second": 20}, by=OLGA).json
    more = {"before": first["before"], "cursor": first["cursor"], "limit": 2, "per_second": 20}
    rest = shop.post("/redrives", {**MENDED, **more}, by=OLGA).json
    assert [each["order_id"] for each in (*first["items"], *rest["items"])] == ids
    assert (rest["before"], rest["cursor"]) == (first["before"], None)
    assert shop.executions.redrives == [execution_arn("FulfillOrder", order_id) for order_id in ids]


def test_a_slow_pace_ends_a_request_in_time(shop):
    shop.inventory.apply(receive("more", [("RED-LAMP", 10), ("BLUE-RUG", 5)]))
    ids = [shop.parked() for _ in range(8)]
    begun = shop.clock.now()
    reply = shop.post("/redrives", {**MENDED, "per_second": 1}, by=OLGA)
    assert [each["order_id"] for each in reply.json["items"]] == ids[:5]
    assert reply.json["cursor"] is not None
    assert (shop.clock.now() - begun).total_seconds() < 10


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "body/reason"),
        ({"reason": ""}, "body/reason"),
        ({**MENDED, "per_second": 0}, "body/per_second"),
        ({**MENDED, "before": "2026-13-01T00:00:00Z"}, "body/before"),
        ({**MENDED, "before": "yesterday"}, "body/before"),
    ],
)
def test_a_misshapen_sweep_is_refused(shop, body, where):
    shop.parked()
    before = shop.state()
    reply = shop.post("/redrives", body, by=OLGA)
    assert (reply.status, list(reply.complaints)) == (400, [where])
    assert shop.state() == before


def test_a_cursor_that_is_none_is_refused(shop):
    assert shop.post("/redrives", {**MENDED, "cursor": "x"}, by=OLGA).status == 400


def test_an_outage_is_told(shop):
    order_id = shop.parked()
    shop.executions.fail_next(after_effect=False)
    (done,) = shop.post(f"/orders/{order_id}/redrive", MENDED, by=OLGA).json["executions"]
    assert (done["goes_on"], done["why"]) == (False, "unknown: Step Functions didn't answer")
