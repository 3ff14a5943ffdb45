"""Repairs of a reconciliation: executions that are gone, reservations and holds that outlived their order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from oms.application.reconciliation.repair import NEW_ORDER_LIFE
from oms.domain.errors import PaymentsRefused, StoreUnavailable
from oms.domain.events import OrderRepaired
from oms.domain.order import Status
from oms.domain.payment import PaymentStatus
from tests.workflows.discrepancies import DAY, HOUR, findings, forget, quietly, stored
from tests.workflows.shop import Shop


def never_begun(shop: Shop) -> None:
    shop.place()


def lost_under_review(shop: Shop) -> None:
    shop.new_order(method="pm_card_riskLevelElevated")
    forget(shop, "NewOrder")


def fulfillment_never_begun(shop: Shop) -> None:
    shop.new_order()
    forget(shop, "FulfillOrder")
    shop.carrier.shipments.clear()


def cancellation_lost(shop: Shop) -> None:
    shop.new_order()
    shop.payments.fail_next("void", after_effect=False, count=5)
    shop.cancel(name="ord_1_can")
    forget(shop, "CancelOrder", "ord_1_can")
    _unparked(shop)


def cancellation_of_lines_lost(shop: Shop) -> None:
    shop.new_order()
    shop.carrier.fail_next(after_effect=True, count=5)
    shop.cancel(("RED-LAMP", 1), name="ord_1_can")
    forget(shop, "CancelOrder", "ord_1_can")
    _unparked(shop)


def own_cancellation_lost(shop: Shop) -> None:
    shop.new_order()
    shop.payments.fail_next("void", after_effect=False, count=5)
    shop.let_happen(6 * DAY)
    forget(shop, "FulfillOrder")
    _unparked(shop)


def return_lost(shop: Shop) -> None:
    shop.delivered_order()
    shop.send_back(("RED-LAMP", 1))
    forget(shop, "ReturnOrder", "ord_1_return")


def failed_without_parking(shop: Shop) -> None:
    shop.new_order()
    shop.payments.fail_next("capture", after_effect=False, count=5)
    shop.dispatch()
    _unparked(shop)


def _unparked(shop: Shop) -> None:
    """As though its execution had failed before it could park the order."""
    shop.store.history["ord_1"] = shop.store.history["ord_1"][:-1]
    stored(shop, parked={}, version=shop.order().version - 1)


REPAIRED: dict[Callable[[Shop], None], tuple[str, Status]] = {
    never_begun: ("NewOrder ord_1 was gone: it is started", Status.CONFIRMED),
    lost_under_review: ("NewOrder ord_1 was gone: it is started", Status.AUTHORIZED),
    fulfillment_never_begun: ("FulfillOrder ord_1 was gone: it is started", Status.CONFIRMED),
    cancellation_lost: ("CancelOrder ord_1_can was gone: it is started", Status.CANCELLED),
    cancellation_of_lines_lost: ("CancelOrder ord_1_can was gone: it is started", Status.CONFIRMED),
    own_cancellation_lost: ("CancelOrder ord_1_unfulfillable was gone: it is started", Status.CANCELLED),
    return_lost: ("ReturnOrder ord_1_return was gone: it is started", Status.DELIVERED),
    failed_without_parking: ("it is redriven", Status.SHIPPED),
}


@pytest.mark.parametrize("wrong", REPAIRED, ids=lambda wrong: wrong.__name__)
def test_an_order_whose_execution_is_gone_gets_another_and_a_second_run_changes_nothing_more(unsound, wrong):
    shop = unsound
    wrong(shop)
    report = quietly(shop)
    what, status = REPAIRED[wrong]
    assert findings(report) == []
    assert [each["what"] for each in report.repairs if what in each["what"]], report.repairs
    noted = OrderRepaired("CheckOrders", report.repairs[0]["what"])
    assert [each.by for each in shop.orders.events("ord_1") if each.event == noted] == ["CheckOrders"]
    shop.let_happen()
    assert (shop.order().status, dict(shop.order().parked)) == (status, {})

    before, ledger = shop.store.copy(), list(shop.payments.ledger)
    again = quietly(shop)
    assert (findings(again), again.repairs) == ([], [])
    assert (shop.store.copy(), shop.payments.ledger) == (before, ledger)
    assert shop.violations() == []


def test_a_cancellation_is_begun_again_with_the_very_input_that_it_had(unsound):
    shop = unsound
    shop.new_order()
    shop.payments.fail_next("void", after_effect=False, count=5)
    original_input = {
        "order_id": "ord_1",
        "cancellation_id": "ord_1_can",
        "lines": [],
        "reason": "",
        "request_id": "storefront-7",
        "by": "operator:olga",
    }
    shop.start("CancelOrder", "ord_1_can", **original_input)
    shop.let_happen()
    forget(shop, "CancelOrder", "ord_1_can")
    _unparked(shop)
    quietly(shop)
    assert shop.execution("CancelOrder", "ord_1_can").input == original_input


def test_a_return_is_begun_again_with_the_very_input_that_it_had(unsound):
    shop = unsound
    shop.delivered_order()
    original_input = {
        "order_id": "ord_1",
        "return_id": "ord_1_rma",
        "lines": [{"sku": "RED-LAMP", "quantity": 1}],
        "reason": "",
    }
    original_input |= {"refund_to": "original_payment", "request_id": "storefront-8", "by": "operator:olga"}
    shop.start("ReturnOrder", "ord_1_rma", **original_input)
    shop.let_happen()
    forget(shop, "ReturnOrder", "ord_1_rma")
    quietly(shop)
    assert shop.execution("ReturnOrder", "ord_1_rma").input == original_input


def test_a_reservation_that_nothing_can_confirm_any_more_is_given_back(unsound):
    shop = unsound
    lost_under_review(shop)
    shop.engine.advance(NEW_ORDER_LIFE.total_seconds())
    report = quietly(shop)
    assert [each["what"] for each in report.repairs] == ["it was never confirmed: what it held is given back"]
    assert findings(report) == []
    assert (shop.order().status, shop.order().reason) == (Status.REJECTED, "expired")
    assert shop.order().payment.status is PaymentStatus.VOIDED
    assert shop.available("RED-LAMP") == 10
    assert [entry.kind for entry in shop.payments.ledger] == ["hold", "void"]
    assert shop.violations() == []
    assert quietly(shop).repairs == []


def test_an_order_that_was_being_rejected_is_rejected_at_once_when_its_execution_is_gone(unsound):
    shop = unsound
    shop.payments.fail_next("authorize", after_effect=True, count=5)
    shop.payments.fail_next("void", after_effect=False, count=5)
    shop.new_order()
    forget(shop, "NewOrder")
    _unparked(shop)
    report = quietly(shop)
    assert (findings(report), report.repaired) == ([], 1)
    assert shop.order().status is Status.REJECTED
    assert shop.payments.find(shop.order().payment_request).status is PaymentStatus.VOIDED


def test_no_order_s_own_newest_execution_lives_as_long_as_a_reservation_is_left_alone():
    assert timedelta(seconds=Shop.machines["NewOrder"].definition["TimeoutSeconds"]) <= NEW_ORDER_LIFE


def test_a_hold_that_outlives_its_order_is_voided(unsound):
    shop = unsound
    shop.new_order(("TEA", 1))
    shop.cancel()
    shop.payments._payments["ord_1:authorize"].status = PaymentStatus.AUTHORIZED
    report = quietly(shop)
    assert [each["what"] for each in report.repairs] == ["its card was still held: the authorization is voided"]
    assert findings(report) == []
    assert shop.payments.find(shop.order().payment_request).status is PaymentStatus.VOIDED
    assert quietly(shop).repairs == []


def test_an_order_whose_own_record_is_wrong_is_not_repaired(unsound):
    shop = unsound
    fulfillment_never_begun(shop)
    shop.store.money["ord_1"] += shop.store.money["ord_1"][:1]
    report = quietly(shop)
    assert report.repairs == []
    assert any("is twice in the money ledger" in each for each in findings(report))
    assert any("FulfillOrder ord_1 is gone" in each for each in findings(report))


def test_a_repair_that_fails_parks_the_order(unsound):
    shop = unsound
    shop.new_order(("TEA", 1))
    shop.cancel()
    shop.payments._payments["ord_1:authorize"].status = PaymentStatus.AUTHORIZED

    def refuses(request):
        raise PaymentsRefused("this payment is under review")

    shop.payments.void = refuses
    report = quietly(shop)
    assert any("could not be repaired: PaymentsRefused" in each for each in findings(report))
    assert "CheckOrders" in shop.order().parked


def test_a_repair_never_happens_twice_though_its_page_does(unsound):
    shop = unsound
    lost_under_review(shop)
    shop.engine.advance(NEW_ORDER_LIFE.total_seconds())
    shop.let_happen(HOUR)
    whole, fails = shop.reports.put, iter([True])

    def cut_off(name, report):
        if report["orders"] and next(fails, False):
            raise StoreUnavailable("S3 didn't answer")
        whole(name, report)

    shop.reports.put = cut_off
    execution = shop.engine.start(shop.machines["Reconcile"], {}, name="daily")
    shop.engine.advance(600)
    assert execution.output["outcome"] == "clean"
    assert shop.order().status is Status.REJECTED
    assert [entry.kind for entry in shop.payments.ledger] == ["hold", "void"]
