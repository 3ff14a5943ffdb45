"""The payment provider's events: verified, and applied once, even if they come again, late or out of order."""

import json

import pytest
import stripe

from oms.domain import cancellation_rules, placement
from oms.domain.events import DisputeClosed, PaymentDisputed, Units
from oms.domain.payment import PaymentStatus
from tests.api.shop import OLGA, REQUEST, SECRETS

EVIDENCE = {"due_by": 1_768_003_200}


def signature(shop, body, secret=SECRETS["PAYMENTS_SECRET"], age=0):
    """A signature made by Stripe's own library."""
    stamp = int(shop.clock.now().timestamp()) - age
    digest = stripe.WebhookSignature._compute_signature(f"{stamp}.{body.decode()}", secret)
    return f"t={stamp},v1={digest},v0={'0' * 64}"


def say(shop, kind, about, signed=signature, event_id="evt_1"):
    body = json.dumps({"id": event_id, "object": "event", "type": kind, "data": {"object": about}}).encode()
    return shop.post("/webhooks/payments", body, by=None, headers={"stripe-signature": signed(shop, body)})


def intent(order_id, payment_id="pi_1"):
    return {"id": payment_id, "object": "payment_intent", "status": "canceled", "metadata": {"order_id": order_id}}


def dispute(shop, order_id, status="needs_response", **more):
    shop.payments.authorize(shop.orders.get(order_id).payment_request)
    payment_id = shop.payments.find(shop.orders.get(order_id).payment_request).payment_id
    facts = {"amount": 697, "reason": "fraudulent", "evidence_details": EVIDENCE, **more}
    return {"id": "dp_1", "object": "dispute", "payment_intent": payment_id, "status": status, **facts}


@pytest.mark.parametrize("metadata", [["ord_1"], "ord_1", {"order_id": 1}, {"order_id": "x" * 501}])
def test_metadata_that_stripe_never_sends_is_refused(shop, metadata):
    reply = say(shop, "payment_intent.canceled", {"id": "pi_1", "metadata": metadata})
    assert (reply.status, reply.problem) == (400, "invalid-request")


def test_a_hold_that_is_gone_cancels_the_order_that_counts_on_it(shop):
    order_id = shop.confirmed()
    reply = say(shop, "payment_intent.canceled", intent(order_id))
    assert (reply.status, reply.json) == (200, {"id": "evt_1"})
    payload = {"lines": [], "reason": "the hold on the card is gone", "request_id": REQUEST, "by": "payments:evt_1"}
    name = f"{order_id}_cancel_unpaid"
    assert shop.starts("CancelOrder") == {name: {"order_id": order_id, "cancellation_id": name, **payload}}


def test_it_cancels_once_however_often_and_under_whichever_id_it_comes(shop):
    order_id = shop.confirmed()
    say(shop, "payment_intent.canceled", intent(order_id))
    before = shop.state()
    for event_id in ("evt_1", "evt_2"):
        assert say(shop, "payment_intent.canceled", intent(order_id), event_id=event_id).status == 200
    assert shop.state() == before


def abandoned(shop):
    order_id = shop.authorized()
    shop.save(order_id, lambda order: placement.abandon(order, "ReviewDeclined"))
    return order_id


def being_cancelled(shop):
    order_id = shop.confirmed()
    shop.save(order_id, lambda order: cancellation_rules.take(order, "cancel", [], ""))
    return order_id


@pytest.mark.parametrize("make", [abandoned, being_cancelled, lambda shop: shop.shipped(), lambda shop: shop.placed()])
def test_what_the_shop_lets_go_itself_or_counts_on_no_more_needs_no_cancellation(shop, make):
    order_id = make(shop)
    before = shop.state()
    assert say(shop, "payment_intent.canceled", intent(order_id)).status == 200
    assert shop.state() == before


def test_an_order_that_is_being_cancelled_by_line_still_counts_on_its_hold(shop):
    order_id = shop.confirmed()
    shop.save(order_id, lambda order: cancellation_rules.take(order, "cancel", [Units("RED-LAMP", 1)], ""))
    say(shop, "payment_intent.canceled", intent(order_id))
    assert list(shop.starts("CancelOrder")) == [f"{order_id}_cancel_unpaid"]


@pytest.mark.parametrize(
    "about",
    [
        intent("ord_" + "0" * 26),
        {"id": "pi_9", "metadata": {}},
        {"id": "pi_9"},
        {"id": "pi_9", "metadata": {"order_id": None}},
    ],
)
def test_a_payment_of_something_else_is_none_of_the_shop_s(shop, about):
    before = shop.state()
    assert say(shop, "payment_intent.canceled", about).status == 200
    assert shop.state() == before


def test_an_earlier_payment_of_the_order_may_well_be_cancelled(shop):
    order_id = shop.confirmed()
    before = shop.state()
    assert say(shop, "payment_intent.canceled", intent(order_id, "pi_0")).status == 200
    assert shop.state() == before


def test_a_dispute_is_in_the_order_s_books_and_before_an_operator_until_it_is_closed(shop):
    order_id = shop.shipped()
    assert say(shop, "charge.dispute.created", dispute(shop, order_id)).status == 200
    last = shop.orders.events(order_id)[-1]
    assert (last.by, last.event) == (
        "payments:evt_1",
        PaymentDisputed("dp_1", 697, "fraudulent", "2026-01-10T00:00:00+00:00"),
    )
    (queued,) = shop.get("/queues", by=OLGA, query={"queue": "disputed"}).json["items"]
    assert queued["order_id"] == order_id

    assert say(shop, "charge.dispute.closed", dispute(shop, order_id, "lost"), event_id="evt_2").status == 200
    assert shop.orders.events(order_id)[-1].event == DisputeClosed("dp_1", "lost")
    assert shop.get("/queues", by=OLGA, query={"queue": "disputed"}).json["items"] == []
    assert shop.orders.get(order_id).payment.status is PaymentStatus.CAPTURED


def test_a_dispute_is_opened_and_closed_once_in_whichever_order_that_is_heard(shop):
    order_id = shop.shipped()
    about = dispute(shop, order_id)
    for kind, status in [("closed", "won"), ("created", "needs_response"), ("closed", "won"), ("created", "won")]:
        assert say(shop, f"charge.dispute.{kind}", {**about, "status": status}).status == 200
    events = [each.event for each in shop.orders.events(order_id)]
    disputes = [each for each in events if isinstance(each, PaymentDisputed | DisputeClosed)]
    assert disputes == [DisputeClosed("dp_1", "won")]


def test_a_dispute_without_a_deadline_waits_from_now_on(shop):
    order_id = shop.shipped()
    say(shop, "charge.dispute.created", dispute(shop, order_id, evidence_details=None))
    assert shop.orders.get(order_id).disputes["dp_1"].due_by == shop.clock.now().isoformat()


@pytest.mark.parametrize("payment_id", [None, "pi_unknown"])
def test_a_dispute_of_something_else_is_none_of_the_shop_s(shop, payment_id):
    about = {**dispute(shop, shop.shipped()), "payment_intent": payment_id}
    before = shop.state()
    assert say(shop, "charge.dispute.created", about).status == 200
    assert shop.state() == before


@pytest.mark.parametrize("kind", ["payment_intent.succeeded", "payment_intent.requires_action", "charge.refunded", "x"])
def test_what_the_state_machines_know_already_is_heard_and_left(shop, kind):
    order_id = shop.confirmed()
    before = shop.state()
    assert say(shop, kind, intent(order_id)).status == 200
    assert shop.state() == before


FORGED = {
    "another secret": lambda shop, body: signature(shop, body, secret="whsec_2"),
    "the carrier's secret": lambda shop, body: signature(shop, body, secret=SECRETS["CARRIER_SECRET"]),
    "another body": lambda shop, body: signature(shop, body + b" "),
    "six minutes old": lambda shop, body: signature(shop, body, age=360),
    "six minutes ahead": lambda shop, body: signature(shop, body, age=-360),
    "of another time": lambda shop, body: signature(shop, body).replace("t=1", "t=2"),
    "of two times": lambda shop, body: "t=1," + signature(shop, body),
    "of another scheme": lambda shop, body: signature(shop, body).replace("v1=", "v2="),
    "no digest": lambda shop, body: signature(shop, body).partition(",")[0],
    "nonsense": lambda shop, body: "letmein",
}


@pytest.mark.parametrize("signed", FORGED.values(), ids=FORGED)
def test_a_forged_or_old_event_changes_nothing(shop, signed):
    order_id = shop.confirmed()
    before = shop.state()
    reply = say(shop, "payment_intent.canceled", intent(order_id), signed)
    assert (reply.status, reply.problem) == (401, "invalid-signature")
    assert shop.state() == before


def test_while_a_secret_is_changed_either_signature_will_do(shop):
    old = lambda shop, body: f"{signature(shop, body)},v1={'1' * 64}"  # noqa: E731
    new = lambda shop, body: signature(shop, body).replace(",v1=", f",v1={'1' * 64},v1=")  # noqa: E731
    for signed in (old, new):
        assert say(shop, "payment_intent.succeeded", {"id": "pi_1"}, signed).status == 200


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"id": "evt_1", "type": "x"}, "body/data"),
        ({"id": "evt_1", "type": "x", "data": {}}, "body/data/object"),
        ({"id": "evt_1", "type": "x", "data": {"object": {"id": 1}}}, "body/data/object/id"),
        ({"type": "x", "data": {"object": {"id": "pi_1"}}}, "body/id"),
    ],
)
def test_a_misshapen_event_is_refused(shop, body, where):
    sent = json.dumps(body).encode()
    reply = shop.post("/webhooks/payments", sent, by=None, headers={"stripe-signature": signature(shop, sent)})
    assert (reply.status, list(reply.complaints)) == (400, [where])


def test_when_something_is_away_the_gateway_sends_it_again(shop):
    held, disputed = shop.confirmed(), shop.shipped()
    about = dispute(shop, disputed)
    shop.executions.fail_next(after_effect=False)
    assert say(shop, "payment_intent.canceled", intent(held)).problem == "executions-unavailable"
    assert say(shop, "payment_intent.canceled", intent(held)).status == 200
    shop.payments.fail_next("order_of", after_effect=False)
    assert say(shop, "charge.dispute.created", about).problem == "payments-unavailable"
    assert say(shop, "charge.dispute.created", about).status == 200
    assert list(shop.orders.get(disputed).disputes) == ["dp_1"]
