"""Reviews: an operator decides, and every waiting execution gets the decision."""

import pytest

from oms.domain import cancellation_rules, placement
from tests.api.shop import ANNA, OLGA


def decide(shop, order_id, decision, by=OLGA, **more):
    return shop.post(f"/orders/{order_id}/review", {"decision": decision, **more}, by=by)


def test_an_approval_is_recorded_and_reaches_what_waits(shop):
    order_id = shop.under_review("token-1")
    reply = decide(shop, order_id, "approve", note="known")
    assert (reply.status, reply.json["status"]) == (200, "authorized")
    assert shop.executions.answers == {"token-1": {"output": {}}}
    last = shop.orders.events(order_id)[-1]
    assert (last.by, last.event.data()) == (
        "operator:olga",
        {"approved": True, "reviewer": "olga", "note": "known"},
    )
    assert shop.get(f"/orders/{order_id}").json["review"]["decision"] == "approved"


def test_a_decline_fails_what_waits(shop):
    order_id = shop.under_review("token-1")
    assert decide(shop, order_id, "decline").status == 200
    assert shop.executions.answers["token-1"]["error"] == "ReviewDeclined"


def test_every_token_that_waits_is_told_and_a_spent_one_does_no_harm(shop):
    order_id = shop.under_review("token-1")
    shop.save(order_id, lambda order: placement.request_review(order, shop.clock.now(), "token-2"))
    shop.executions.expire("token-1")
    decide(shop, order_id, "approve")
    assert list(shop.executions.answers) == ["token-2"]


def test_the_same_decision_again_is_no_second_event(shop):
    order_id = shop.under_review()
    decide(shop, order_id, "approve")
    version = shop.orders.get(order_id).version
    assert decide(shop, order_id, "approve").status == 200
    assert shop.orders.get(order_id).version == version


def test_a_decision_whose_word_was_lost_is_sent_by_asking_again(shop):
    order_id = shop.under_review("token-1")
    shop.executions.fail_next(after_effect=False)
    assert decide(shop, order_id, "approve").status == 503
    assert decide(shop, order_id, "approve").status == 200
    assert list(shop.executions.answers) == ["token-1"]


def test_a_decision_stands(shop):
    order_id = shop.under_review()
    decide(shop, order_id, "approve")
    before = shop.state()
    reply = decide(shop, order_id, "decline")
    assert (reply.status, reply.problem) == (409, "order-not-under-review")
    assert shop.state() == before


def test_an_order_that_waits_for_no_review_can_t_be_decided(shop):
    order_id = shop.confirmed()
    before = shop.state()
    reply = decide(shop, order_id, "approve")
    assert (reply.status, reply.problem) == (409, "order-not-under-review")
    assert shop.state() == before


def test_a_taken_order_and_an_abandoned_one_can_t_be_decided(shop):
    taken, abandoned = shop.under_review(), shop.placed(by=OLGA)
    shop.save(taken, lambda order: cancellation_rules.take(order, "cancel", [], ""))
    shop.save(abandoned, lambda order: placement.abandon(order, "ReviewExpired"))
    assert decide(shop, taken, "approve").problem == "order-taken"
    assert decide(shop, abandoned, "approve").problem == "order-closed"


def test_a_shopper_decides_nothing_of_their_own_order_either(shop):
    order_id = shop.under_review()
    before = shop.state()
    reply = decide(shop, order_id, "approve", by=ANNA)
    assert (reply.status, reply.problem) == (403, "forbidden")
    assert shop.state() == before


@pytest.mark.parametrize("decision", ["maybe", True, None])
def test_a_decision_is_one_of_two(shop, decision):
    reply = decide(shop, shop.under_review(), decision)
    assert reply.complaints == {"body/decision": "must be one of approve, decline"}
