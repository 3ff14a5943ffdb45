"""A redrive does what its preview says, and is recorded in an operator's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import pytest

from oms.application.commit import commit
from oms.application.recovery.redrive import Pace, RedriveBatch, redrive_order, redrive_parked_orders
from oms.application.recovery.redrive_preview import PreviewVerdict, preview_redrive
from oms.domain import parking
from oms.domain.errors import ExecutionsUnavailable
from oms.domain.events import RedriveRequested
from tests.workflows.shop import Shop

DAY = 86400
AT_GATEWAY = {"VoidAuthorization", "CapturePayment", "RefundPayment"}


def void_fails(shop: Shop) -> None:
    shop.payments.fail_next("authorize", after_effect=True, count=5)
    shop.payments.fail_next("void", after_effect=False, count=5)
    shop.new_order()


def capture_is_unheard(shop: Shop) -> None:
    shop.new_order()
    shop.payments.fail_next("capture", after_effect=True, count=5)
    shop.dispatch()


def delivery_is_never_told(shop: Shop) -> None:
    shop.new_order()
    shop.dispatch()
    shop.let_happen(31 * DAY)


def cancellation_s_void_fails(shop: Shop) -> None:
    shop.new_order()
    shop.payments.fail_next("void", after_effect=False, count=5)
    shop.cancel()


def nobody_picks_up_and_the_void_fails(shop: Shop) -> None:
    shop.new_order()
    shop.payments.fail_next("void", after_effect=True, count=5)
    shop.let_happen(6 * DAY)


def refund_is_unheard(shop: Shop) -> None:
    shop.delivered_order(("RED-LAMP", 1))
    shop.send_back(("RED-LAMP", 1))
    shop.payments.fail_next("refund", after_effect=True, count=5)
    shop.receive({"RED-LAMP": ["new"]})


def refund_of_a_lost_parcel_fails(shop: Shop) -> None:
    shop.new_order()
    shop.dispatch()
    shop.payments.fail_next("refund", after_effect=False, count=5)
    shop.carrier.lose("ord_1")
    shop.let_happen()


def strange_goods_come_back(shop: Shop) -> None:
    shop.delivered_order(("RED-LAMP", 1))
    shop.send_back(("RED-LAMP", 1))
    shop.receive({"TEA": ["new"]})


def arrive(shop: Shop) -> None:
    if shop.carrier.shipments["ord_1"].status == "dispatched":
        shop.deliver()


def nothing_more(shop: Shop) -> None:
    shop.let_happen()


PARKED: Mapping[Callable[[Shop], None], tuple[Callable[[Shop], None], str, dict[str, PreviewVerdict]]] = {
    void_fails: (
        nothing_more,
        "backward",
        {
            "AbandonOrder": PreviewVerdict.SKIPPED,
            "VoidAuthorization": PreviewVerdict.RUNS,
            "ReleaseInventory": PreviewVerdict.SKIPPED,
            "RejectOrder": PreviewVerdict.RUNS,
        },
    ),
    capture_is_unheard: (
        arrive,
        "forward",
        {
            "RequestShipment": PreviewVerdict.ASKS,
            "CapturePayment": PreviewVerdict.RUNS,
            "MarkShipped": PreviewVerdict.RUNS,
            "TrackDelivery": PreviewVerdict.ASKS,
            "MarkDelivered": PreviewVerdict.RUNS,
        },
    ),
    delivery_is_never_told: (
        arrive,
        "forward",
        {
            "RequestShipment": PreviewVerdict.REFUSED,
            "CapturePayment": PreviewVerdict.SKIPPED,
            "MarkShipped": PreviewVerdict.SKIPPED,
            "TrackDelivery": PreviewVerdict.ASKS,
            "MarkDelivered": PreviewVerdict.RUNS,
        },
    ),
    cancellation_s_void_fails: (
        nothing_more,
        "forward",
        {
            "TakeOrder": PreviewVerdict.SKIPPED,
            "RecallShipment": PreviewVerdict.ASKS,
            "VoidAuthorization": PreviewVerdict.RUNS,
            "ReleaseInventory": PreviewVerdict.SKIPPED,
            "CompleteCancellation": PreviewVerdict.RUNS,
        },
    ),
    nobody_picks_up_and_the_void_fails: (
        nothing_more,
        "backward",
        {
            "TakeOrder": PreviewVerdict.SKIPPED,
            "RecallShipment": PreviewVerdict.ASKS,
            "VoidAuthorization": PreviewVerdict.RUNS,
            "ReleaseInventory": PreviewVerdict.SKIPPED,
            "CompleteCancellation": PreviewVerdict.RUNS,
        },
    ),
    refund_is_unheard: (
        nothing_more,
        "forward",
        {
            "AuthorizeReturn": PreviewVerdict.SKIPPED,
            "ExpectParcel": PreviewVerdict.REFUSED,
            "InspectItems": PreviewVerdict.SKIPPED,
            "RefundPayment": PreviewVerdict.RUNS,
            "RestockItems": PreviewVerdict.RUNS,
            "CloseReturn": PreviewVerdict.RUNS,
        },
    ),
    refund_of_a_lost_parcel_fails: (nothing_more, "refund", {"RefundPayment": PreviewVerdict.RUNS}),
    strange_goods_come_back: (
        nothing_more,
        "forward",
        {
            "AuthorizeReturn": PreviewVerdict.SKIPPED,
            "ExpectParcel": PreviewVerdict.ASKS,
            "InspectItems": PreviewVerdict.DEPENDS,
        },
    ),
}


def ledgers(shop: Shop) -> set[str]:
    return {*shop.store.entries, *(entry.effect_id for entry in shop.orders.money("ord_1"))}


@pytest.mark.parametrize("trouble", PARKED, ids=lambda trouble: trouble.__name__)
def test_a_preview_says_what_each_state_will_do_and_writes_nothing(shop, trouble):
    _, way, verdicts = PARKED[trouble]
    trouble(shop)
    before = shop.store.copy()
    (plan,) = preview_redrive(shop.deps, shop.order())
    assert (plan.way, {step.state: step.verdict for step in plan.steps}) == (way, verdicts)
    assert shop.store.copy() == before


@pytest.mark.parametrize(
    "trouble", [each for each in PARKED if each is not strange_goods_come_back], ids=lambda trouble: trouble.__name__
)
def test_a_redrive_writes_just_the_effects_that_its_preview_names(shop, trouble):
    trouble(shop)
    (plan,) = preview_redrive(shop.deps, shop.order())
    before = ledgers(shop)
    (redriven,) = redrive_order(shop.deps, shop.order(), "olga", "mended")
    shop.let_happen()
    PARKED[trouble][0](shop)
    assert redriven.goes_on
    assert not shop.order().parked
    assert ledgers(shop) - before == {effect for step in plan.steps for effect in step.effects}


@pytest.mark.parametrize("trouble", [capture_is_unheard, void_fails], ids=lambda trouble: trouble.__name__)
def test_a_preview_says_whether_the_gateway_has_done_its_part(shop, trouble):
    trouble(shop)
    (plan,) = preview_redrive(shop.deps, shop.order())
    (paying,) = [step.why for step in plan.steps if step.state in AT_GATEWAY]
    assert paying.endswith("has done it, and does it once" if trouble is capture_is_unheard else "has not done it")


def test_a_skipped_state_names_the_event_that_did_its_work(shop):
    delivery_is_never_told(shop)
    (plan,) = preview_redrive(shop.deps, shop.order())
    (capture,) = [step for step in plan.steps if step.state == "CapturePayment"]
    assert "PaymentCaptured is event 6" in capture.why
    assert "by CapturePayment" in capture.why


def parked_orders(shop: Shop, count: int) -> list[str]:
    ids = [f"ord_{n}" for n in range(1, count + 1)]
    for order_id in ids:
        shop.new_order(("TEA", 1), order_id=order_id)
        shop.payments.fail_next("capture", after_effect=False, count=5)
        shop.dispatch(order_id)
    return ids


def in_bulk(shop: Shop, pace: Pace, cursor: str | None = None, before: datetime | None = None) -> RedriveBatch:
    before = before or shop.deps.clock.now()
    bulk = redrive_parked_orders(shop.deps, "olga", "mended", before, pace, cursor)
    shop.let_happen()
    return bulk


def test_all_parked_orders_are_redriven_at_a_pace_and_each_in_the_operator_s_name(shop):
    ids = parked_orders(shop, 3)
    bulk = in_bulk(shop, Pace(10, per_second=4))
    assert [(each.order_id, each.goes_on) for each in bulk.results] == [(order_id, True) for order_id in ids]
    assert shop.deps.clock.slept == [0.25] * 3
    for order_id in ids:
        assert not shop.order(order_id).parked
        (requested,) = [each for each in shop.orders.events(order_id) if isinstance(each.event, RedriveRequested)]
        assert (requested.by, requested.event.reason) == ("olga", "mended")


def test_a_limit_leaves_the_others_parked_and_the_longest_parked_go_first(shop):
    ids = parked_orders(shop, 3)
    first = in_bulk(shop, Pace(2, per_second=1000))
    assert [each.order_id for each in first.results] == ids[:2]
    assert shop.order(ids[2]).parked
    rest = in_bulk(shop, Pace(2, per_second=1000), first.cursor)
    assert ([each.order_id for each in rest.results], rest.cursor) == (ids[2:], None)


def test_no_order_is_begun_after_the_time_that_a_request_has(shop):
    ids = parked_orders(shop, 3)
    bulk = in_bulk(shop, Pace(9, per_second=4, longest=timedelta(0)))
    assert [each.order_id for each in bulk.results] == ids[:1]
    assert bulk.cursor is not None


def test_an_order_that_parks_again_is_not_redriven_again_by_the_same_batch(shop):
    ids = parked_orders(shop, 2)
    before = shop.deps.clock.now()
    shop.payments.fail_next("capture", after_effect=False, count=50)
    first = in_bulk(shop, Pace(1, per_second=1000), before=before)
    assert shop.order(ids[0]).parked
    rest = in_bulk(shop, Pace(9, per_second=1000), first.cursor, before=before)
    assert ([each.order_id for each in rest.results], rest.cursor) == (ids[1:], None)


def test_an_execution_that_runs_again_is_not_redriven_twice(shop):
    strange_goods_come_back(shop)
    parked = shop.order()
    assert redrive_order(shop.deps, parked, "olga", "mended")[0].goes_on
    (plan,) = preview_redrive(shop.deps, parked)
    assert (plan.way, plan.why) == ("none", "it goes on already")
    (again,) = redrive_order(shop.deps, parked, "olga", "mended")
    assert not again.goes_on
    assert again.why == "it goes on already"


def test_a_discrepancy_is_not_redriven(shop):
    shop.new_order()
    commit(
        shop.deps,
        "ord_1",
        "CheckOrders",
        lambda order: parking.park_discrepancy(order, "CheckOrders", "money: 5 is missing"),
    )
    (plan,) = preview_redrive(shop.deps, shop.order())
    (redriven,) = redrive_order(shop.deps, shop.order(), "olga", "mended")
    assert plan.why == redriven.why == "CheckOrders found: money: 5 is missing"
    assert not redriven.goes_on
    commit(shop.deps, "ord_1", "CheckOrders", lambda order: parking.settle_discrepancy(order, "CheckOrders"))


def test_an_outage_of_step_functions_is_reported_and_the_next_order_is_redriven(shop, monkeypatch):
    ids = parked_orders(shop, 2)
    whole = shop.deps.executions.redrive

    def first_is_lost(arn: str) -> bool:
        if arn.endswith("ord_1"):
            raise ExecutionsUnavailable("Step Functions didn't answer")
        return whole(arn)

    monkeypatch.setattr(shop.deps.executions, "redrive", first_is_lost)
    assert [each.goes_on for each in in_bulk(shop, Pace(9, per_second=1000)).results] == [False, True]
    assert shop.order(ids[0]).parked
