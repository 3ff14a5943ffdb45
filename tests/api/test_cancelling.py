"""Cancellations: of the whole order or by line, once for each key. A refused one changes nothing."""

import pytest

from oms.domain import cancellation_rules, payment_rules, placement
from oms.domain.events import Units
from tests.api.shop import OLGA, REQUEST
from tests.domain.orders import CATALOGUE


def cancellation(order_id):
    return f"/orders/{order_id}/cancellation"


def lines(*units):
    return {"lines": [{"sku": sku, "quantity": quantity} for sku, quantity in units], "reason": "too many"}


def test_an_order_is_cancelled_whole_by_a_state_machine(shop):
    order_id = shop.confirmed()
    reply = shop.post(cancellation(order_id), {"reason": "ordered twice"})
    assert reply.status == 202
    assert reply.json == {"order_id": order_id, "cancellation_id": f"{order_id}_cancel"}
    assert shop.starts("CancelOrder") == {
        f"{order_id}_cancel": {
            "order_id": order_id,
            "cancellation_id": f"{order_id}_cancel",
            "lines": [],
            "reason": "ordered twice",
            "request_id": REQUEST,
            "by": "customer:anna",
        }
    }


def test_no_body_cancels_all_and_an_order_not_confirmed_too(shop):
    order_id = shop.placed()
    assert shop.post(cancellation(order_id)).status == 202
    assert list(shop.starts("CancelOrder")) == [f"{order_id}_cancel"]


def test_lines_are_cancelled_under_a_key(shop):
    order_id = shop.confirmed()
    reply = shop.post(cancellation(order_id), lines(("RED-LAMP", 1)), key="key-1")
    name = reply.json["cancellation_id"]
    assert name.startswith(f"{order_id}_cancel_")
    assert len(name) <= 80, "an execution's name has at most 80 characters"
    assert shop.starts("CancelOrder")[name]["lines"] == [{"sku": "RED-LAMP", "quantity": 1}]


def test_lines_need_a_key(shop):
    order_id = shop.confirmed()
    before = shop.state()
    reply = shop.post(cancellation(order_id), lines(("RED-LAMP", 1)))
    assert (reply.problem, list(reply.complaints)) == ("invalid-request", ["header/Idempotency-Key"])
    assert shop.state() == before


def test_a_second_cancellation_is_refused_while_the_first_holds_the_order(shop):
    order_id = shop.confirmed()
    shop.save(order_id, lambda order: cancellation_rules.take(order, f"{order_id}_cancel", [], "first"))
    before = shop.state()
    same, other = shop.post(cancellation(order_id)), shop.post(cancellation(order_id), key="key-2")
    assert (same.status, same.problem) == (409, "order-taken")
    assert (other.status, other.problem) == (409, "order-taken")
    assert shop.state() == before


OTHER_REQUEST = {"x-correlation-id": "another-request"}


def test_a_second_cancellation_is_refused_though_the_first_has_yet_to_take_the_order(shop):
    order_id = shop.confirmed()
    assert shop.post(cancellation(order_id)).status == 202
    before = shop.state()
    reply = shop.post(cancellation(order_id), headers=OTHER_REQUEST)
    assert (reply.status, reply.problem) == (409, "order-taken")
    assert shop.state() == before


def test_a_key_is_of_one_body_though_its_cancellation_has_yet_to_take_the_order(shop):
    order_id = shop.confirmed()
    first = shop.post(cancellation(order_id), lines(("RED-LAMP", 1)), key="key-1")
    before = shop.state()
    again = shop.post(cancellation(order_id), lines(("RED-LAMP", 1)), key="key-1", headers=OTHER_REQUEST)
    other = shop.post(cancellation(order_id), lines(("RED-LAMP", 2)), key="key-1", headers=OTHER_REQUEST)
    assert (again.status, again.json) == (202, first.json)
    assert (other.status, other.problem) == (422, "idempotency-key-reused")
    assert shop.state() == before


def test_a_cancellation_without_a_key_comes_after_one_by_line(shop):
    order_id = shop.confirmed()
    by_line = shop.post(cancellation(order_id), lines(("RED-LAMP", 1)), key="key-1").json["cancellation_id"]
    shop.save(order_id, lambda order: cancellation_rules.take(order, by_line, [Units("RED-LAMP", 1)], ""))
    shop.save(order_id, lambda order: placement.release(order, by_line))
    shop.save(order_id, lambda order: cancellation_rules.complete(order, by_line, ""))
    assert shop.post(cancellation(order_id)).json["cancellation_id"] == f"{order_id}_cancel_2"


def test_a_cancelled_order_is_not_cancelled_again(shop):
    order_id = shop.placed()
    name = f"{order_id}_cancel"
    shop.save(order_id, lambda order: cancellation_rules.take(order, name, [], "first"))
    shop.save(order_id, lambda order: placement.release(order, name))
    shop.save(order_id, payment_rules.voided)
    shop.save(order_id, lambda order: cancellation_rules.complete(order, name, "first"))
    before = shop.state()
    for key in (None, "key-2"):
        reply = shop.post(cancellation(order_id), key=key)
        assert (reply.status, reply.problem) == (409, "order-not-cancellable")
    assert shop.state() == before


def test_the_same_key_is_the_same_cancellation_and_another_body_is_refused(shop):
    order_id = shop.confirmed()
    first = shop.post(cancellation(order_id), lines(("RED-LAMP", 1)), key="key-1")
    units = Units("RED-LAMP", 1)
    shop.save(order_id, lambda order: cancellation_rules.take(order, first.json["cancellation_id"], [units], ""))
    assert shop.post(cancellation(order_id), lines(("RED-LAMP", 1)), key="key-1").json == first.json
    reply = shop.post(cancellation(order_id), lines(("RED-LAMP", 2)), key="key-1")
    assert (reply.status, reply.problem) == (422, "idempotency-key-reused")
    assert len(shop.starts("CancelOrder")) == 1


NOT_OPEN = [[("RED-LAMP", 3)], [("TEA", 1)], [("RED-LAMP", 1), ("TEA", 1)]]


@pytest.mark.parametrize("units", NOT_OPEN)
def test_more_than_is_open_can_t_be_cancelled(shop, units):
    order_id = shop.confirmed()
    before = shop.state()
    reply = shop.post(cancellation(order_id), lines(*units), key="key-1")
    assert (reply.status, reply.problem) == (409, "order-not-cancellable")
    assert shop.state() == before


@pytest.mark.parametrize("stage", ["shipped", "delivered"])
def test_what_has_shipped_can_t_be_cancelled(shop, stage):
    order_id = getattr(shop, stage)()
    before = shop.state()
    reply = shop.post(cancellation(order_id))
    assert (reply.status, reply.problem, reply.json["detail"]) == (
        409,
        "order-not-cancellable",
        f"order {order_id} is {stage}",
    )
    assert shop.state() == before


@pytest.mark.parametrize(
    ("sent", "where"),
    [
        (lines(), "body/lines"),
        (lines(("RED-LAMP", 0)), "body/lines/0/quantity"),
        (lines(("RED-LAMP", 1), ("RED-LAMP", 1)), "body/lines/1/sku"),
        ({"line": []}, "body/line"),
        ({"reason": 5}, "body/reason"),
    ],
)
def test_a_misshapen_cancellation_is_refused(shop, sent, where):
    order_id = shop.confirmed()
    before = shop.state()
    reply = shop.post(cancellation(order_id), sent, key="key-1")
    assert (reply.status, list(reply.complaints)) == (400, [where])
    assert shop.state() == before


def test_when_the_execution_can_t_begin_nothing_holds_the_order(shop):
    order_id = shop.confirmed()
    shop.executions.fail_next(after_effect=False)
    reply = shop.post(cancellation(order_id))
    assert (reply.status, reply.problem) == (503, "executions-unavailable")
    assert shop.orders.get(order_id).taken_by is None
    assert shop.post(cancellation(order_id)).status == 202


def test_an_operator_may_cancel_for_a_shopper(shop):
    assert shop.post(cancellation(shop.confirmed()), by=OLGA).status == 202


def test_an_order_is_cancelled_as_it_was_seen(shop):
    order_id = shop.placed()
    etag = shop.get(f"/orders/{order_id}").headers["ETag"]
    shop.save(order_id, lambda order: placement.reserve(order, CATALOGUE))
    before = shop.state()
    stale = shop.post(cancellation(order_id), headers={"if-match": etag})
    assert (stale.status, stale.problem) == (412, "precondition-failed")
    assert shop.state() == before
    etag = shop.get(f"/orders/{order_id}").headers["ETag"]
    assert shop.post(cancellation(order_id), headers={"if-match": etag}, key="k").status == 202


def test_a_request_that_is_sent_again_was_decided_when_it_came_first(shop):
    order_id = shop.confirmed()
    sent = {"if-match": shop.get(f"/orders/{order_id}").headers["ETag"]}
    first = shop.post(cancellation(order_id), headers=sent, key="k")
    shop.save(order_id, lambda order: cancellation_rules.take(order, first.json["cancellation_id"], [], ""))
    assert shop.post(cancellation(order_id), headers=sent, key="k").json == first.json
