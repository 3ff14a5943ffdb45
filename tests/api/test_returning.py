"""Returns: of delivered units, no more than that, once for each key."""

import pytest

from oms.domain import cancellation_rules, returns
from oms.domain.events import Units
from tests.api.shop import REQUEST


def lines(*units, reason="too red"):
    return {"lines": [{"sku": sku, "quantity": quantity} for sku, quantity in units], "reason": reason}


def ask(shop, order_id, body, key="key-1"):
    return shop.post(f"/orders/{order_id}/returns", body, key=key)


def test_a_return_is_begun(shop):
    order_id = shop.delivered()
    reply = ask(shop, order_id, lines(("RED-LAMP", 1)))
    return_id = reply.json["return_id"]
    assert (reply.status, reply.headers["Location"]) == (202, f"/api/orders/{order_id}")
    assert return_id.startswith(f"{order_id}_return_")
    assert len(return_id) <= 80
    assert shop.starts("ReturnOrder") == {
        return_id: {
            "order_id": order_id,
            "return_id": return_id,
            "lines": [{"sku": "RED-LAMP", "quantity": 1}],
            "reason": "too red",
            "refund_to": "original_payment",
            "request_id": REQUEST,
            "by": "customer:anna",
        }
    }


def test_the_same_key_is_the_same_return_and_another_body_is_refused(shop):
    order_id = shop.delivered()
    first = ask(shop, order_id, lines(("RED-LAMP", 1)))
    return_id, now = first.json["return_id"], shop.clock.now()
    shop.save(order_id, lambda order: returns.authorize(order, return_id, [Units("RED-LAMP", 1)], "too red", now))
    assert ask(shop, order_id, lines(("RED-LAMP", 1))).json == first.json
    reply = ask(shop, order_id, lines(("RED-LAMP", 2)))
    assert (reply.status, reply.problem) == (422, "idempotency-key-reused")
    assert len(shop.starts("ReturnOrder")) == 1


@pytest.mark.parametrize("other", [lines(("RED-LAMP", 2)), {**lines(("RED-LAMP", 1)), "refund_to": "store_credit"}])
def test_a_key_is_of_one_body_though_the_order_has_yet_to_tell_of_its_return(shop, other):
    order_id = shop.delivered()
    first = ask(shop, order_id, lines(("RED-LAMP", 1)))
    before = shop.state()
    assert ask(shop, order_id, lines(("RED-LAMP", 1))).json == first.json
    reply = ask(shop, order_id, other)
    assert (reply.status, reply.problem) == (422, "idempotency-key-reused")
    assert shop.state() == before


@pytest.mark.parametrize("line", [("RED-LAMP", 3), ("RED-LAMP", 999), ("TEA", 1)])
def test_more_than_was_bought_can_t_come_back(shop, line):
    order_id = shop.delivered()
    before = shop.state()
    reply = ask(shop, order_id, lines(line))
    assert (reply.status, reply.problem) == (409, "order-not-returnable")
    assert shop.state() == before


def test_what_is_under_way_back_already_can_t_come_back_twice(shop):
    order_id, now = shop.delivered(), shop.clock.now()
    shop.save(order_id, lambda order: returns.authorize(order, "rma", [Units("RED-LAMP", 2)], "", now))
    assert ask(shop, order_id, lines(("RED-LAMP", 1))).problem == "order-not-returnable"
    assert ask(shop, order_id, lines(("BLUE-RUG", 1))).status == 202


@pytest.mark.parametrize("stage", ["placed", "confirmed", "shipped"])
def test_what_never_arrived_can_t_come_back(shop, stage):
    order_id = getattr(shop, stage)()
    before = shop.state()
    reply = ask(shop, order_id, lines(("RED-LAMP", 1)))
    assert (reply.status, reply.problem) == (409, "order-not-returnable")
    assert shop.state() == before


def test_an_order_that_is_being_cancelled_has_no_return(shop):
    order_id = shop.confirmed()
    shop.save(order_id, lambda order: cancellation_rules.take(order, "cancel", [], ""))
    assert ask(shop, order_id, lines(("RED-LAMP", 1))).problem == "order-taken"


@pytest.mark.parametrize(
    ("sent", "where"),
    [
        (lines(), "body/lines"),
        ({"lines": [{"sku": "RED-LAMP", "quantity": 1}]}, "body/reason"),
        (lines(("RED-LAMP", -1)), "body/lines/0/quantity"),
        (lines(("RED-LAMP", 1), ("RED-LAMP", 1)), "body/lines/1/sku"),
        (lines(("RED-LAMP", 1), reason="x" * 501), "body/reason"),
    ],
)
def test_a_misshapen_return_is_refused(shop, sent, where):
    order_id = shop.delivered()
    before = shop.state()
    reply = ask(shop, order_id, sent)
    assert (reply.status, list(reply.complaints)) == (400, [where])
    assert shop.state() == before


def test_a_return_needs_a_key(shop):
    reply = ask(shop, shop.delivered(), lines(("RED-LAMP", 1)), key=None)
    assert list(reply.complaints) == ["header/Idempotency-Key"]


def test_goods_are_sent_back_of_the_order_as_it_was_seen(shop):
    order_id = shop.delivered()
    if_match = {"if-match": shop.get(f"/orders/{order_id}").headers["ETag"]}
    now = shop.clock.now()
    shop.save(order_id, lambda order: returns.authorize(order, "rma", [Units("RED-LAMP", 1)], "", now))
    before = shop.state()
    reply = shop.post(f"/orders/{order_id}/returns", lines(("RED-LAMP", 1)), key="k", headers=if_match)
    assert (reply.status, reply.problem) == (412, "precondition-failed")
    assert shop.state() == before
