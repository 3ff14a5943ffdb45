"""Reconcile, from its committed definition, with the real tasks: its findings, and its handling of failures."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace

import pytest

from oms.application.commit import commit
from oms.application.reconciliation import report as reporting
from oms.application.reconciliation.order_check import QUIET_PERIOD
from oms.domain import parking
from oms.domain.change import MoneyEntry, MoneyReason
from oms.domain.events import DiscrepancyFound, DiscrepancySettled
from oms.domain.order import Status
from oms.domain.payment import PaymentStatus
from tasks.open_report import open_report
from tasks.read_ledger import read_ledger
from tests.workflows.discrepancies import HOUR, findings, quietly, stop, stored
from tests.workflows.shop import Shop
from tests.workflows.test_once_more import STAGES, at


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__)
def test_of_a_sound_shop_it_reports_nothing_and_changes_nothing(stage):
    shop = at(stage)
    shop.let_happen()
    for moment in ("now", "later"):
        if moment == "later":
            shop.engine.advance(HOUR)
        before, ledger, ran = shop.store.copy(), list(shop.payments.ledger), set(shop.engine.executions)
        report = shop.reconcile(moment)
        assert (findings(report), report.repairs, report.parked, report.settled) == ([], [], 0, 0)
        assert (shop.store.copy(), shop.payments.ledger) == (before, ledger)
        assert len(set(shop.engine.executions) - ran) == 1
        assert report.orders == 1


def test_its_report_counts_what_was_checked_and_drops_its_sums(shop):
    for n in range(3):
        shop.new_order(("TEA", 1), order_id=f"ord_{n}")
    report = quietly(shop)
    assert (report.orders, report.entries, report.skus, report.moving) == (3, 6, 3, 0)
    assert (report.next, report.stock_reconciliation) == ("close", None)
    assert report.started_at <= report.ended_at
    assert shop.execution("Reconcile", report.id).output == {
        "report": report.id,
        "outcome": "clean",
        "found": 0,
        "repaired": 0,
    }


def test_it_pages_and_its_state_does_not_grow(shop, monkeypatch):
    for module in ("read_ledger", "check_orders", "check_codes", "check_stock"):
        monkeypatch.setattr(f"tasks.{module}.PAGE", 2)
    for n in range(5):
        shop.new_order(("TEA", 1), order_id=f"ord_{n}")
    report = quietly(shop)
    path = shop.execution("Reconcile", report.id).path
    assert {state: path.count(state) for state in ("ReadLedger", "CheckOrders", "CheckStock")} == {
        "ReadLedger": 4,
        "CheckOrders": 3,
        "CheckStock": 2,
    }
    entered = [
        event["stateEnteredEventDetails"]["input"]
        for event in shop.execution("Reconcile", report.id).history
        if "stateEnteredEventDetails" in event
    ]
    assert max(map(len, entered)) < 200
    assert report.orders == 5


def test_after_many_pages_another_execution_goes_on(shop, monkeypatch):
    monkeypatch.setattr("tasks.check_orders.PAGE", 1)
    monkeypatch.setattr(reporting, "PAGES_PER_EXECUTION", 3)
    for n in range(5):
        shop.new_order(("TEA", 1), order_id=f"ord_{n}")
    shop.let_happen(HOUR)
    first = shop.engine.start(shop.machines["Reconcile"], {}, name="daily")
    shop.engine.run_due()
    assert first.output == {"report": "daily", "outcome": "continued"}
    assert shop.execution("Reconcile", "daily-3").output["outcome"] == "continued"
    assert shop.execution("Reconcile", "daily-6").output["outcome"] == "clean"
    assert json.loads(shop.reports.texts["daily"])["orders"] == 5


def gateway_still_holds(shop: Shop) -> None:
    shop.delivered_order()
    shop.payments._payments["ord_1:authorize"].status = PaymentStatus.AUTHORIZED


def refunded_behind_our_back(shop: Shop) -> None:
    shop.delivered_order()
    shop.payments.refund_by_hand(shop.order().payment_request, 100)


def refund_that_no_ledger_has(shop: Shop) -> None:
    shop.delivered_order()
    stored(shop, refunds={"ord_1:refund": 5})


def state_not_its_events(shop: Shop) -> None:
    shop.delivered_order()
    stored(shop, status=Status.LOST)


def event_gone(shop: Shop) -> None:
    shop.delivered_order()
    shop.store.history["ord_1"] = shop.store.history["ord_1"][:-1]


def effect_booked_twice(shop: Shop) -> None:
    shop.delivered_order()
    shop.store.money["ord_1"] += shop.store.money["ord_1"][:1]


def ledger_row_too_many(shop: Shop) -> None:
    shop.delivered_order()
    row = MoneyEntry("ord_1:refund", "ord_1", MoneyReason.REFUNDED, replace(shop.order().total, minor=1))
    shop.store.money["ord_1"] += (row,)


def closed_and_still_holding(shop: Shop) -> None:
    shop.delivered_order()
    stored(shop, status=Status.LOST, lines=(replace(shop.order().lines[0], held=1), *shop.order().lines[1:]))


def stopped_by_somebody(shop: Shop) -> None:
    shop.new_order()
    stop(shop, "FulfillOrder")


def parcel_came_unheard(shop: Shop) -> None:
    """After its return was closed as expired."""
    shop.delivered_order(("RED-LAMP", 1))
    shop.send_back(("RED-LAMP", 1))
    shop.let_happen(31 * 24 * HOUR)
    shop.carrier.receive("ord_1_return", {"RED-LAMP": ["new"]})
    shop.carrier.callbacks.clear()


PARKED: dict[Callable[[Shop], None], str] = {
    gateway_still_holds: "is authorized at the gateway, captured in its own record",
    refunded_behind_our_back: "and refunded 100 by [], the order's record says otherwise",
    refund_that_no_ledger_has: "refunded 0 by refunds of {'ord_1:refund': 5}",
    state_not_its_events: "audit: ord_1 is not the fold of its events",
    event_gone: "audit: ord_1 lacks the events [8]",
    effect_booked_twice: "once: ord_1 ord_1:authorize is twice in the money ledger",
    ledger_row_too_many: "refunded 0, and its ledger says 1",
    closed_and_still_holding: "stock: ord_1 is lost and holds 1 of RED-LAMP",
    parcel_came_unheard: "rest: ord_1 the parcel of ord_1_return came (1 of RED-LAMP), and it was expired",
    stopped_by_somebody: "rest: ord_1 is confirmed, and FulfillOrder ord_1 has ABORTED",
}


@pytest.mark.parametrize("wrong", PARKED, ids=lambda wrong: wrong.__name__)
def test_a_discrepancy_is_reported_and_parks_its_order_and_a_second_run_changes_nothing_more(unsound, wrong):
    shop = unsound
    wrong(shop)
    report = quietly(shop)
    assert any(PARKED[wrong] in each for each in findings(report)), findings(report)
    assert (report.parked > 0, report.repairs) == (True, [])
    assert shop.order().parked["CheckOrders"].error == "Discrepancy"
    assert [order.id for order in shop.orders.in_queue("parked", 9).items] == ["ord_1"]

    before, ledger = shop.store.copy(), list(shop.payments.ledger)
    again = quietly(shop)
    assert findings(again) == findings(report)
    assert (again.parked, again.repaired, again.settled) == (0, 0, 0)
    assert (shop.store.copy(), shop.payments.ledger) == (before, ledger)


def test_its_findings_are_counted_for_an_alarm(unsound):
    refund_that_no_ledger_has(unsound)
    report = quietly(unsound)
    answered = json.loads(
        next(
            event["taskSucceededEventDetails"]["output"]
            if "taskSucceededEventDetails" in event
            else event["lambdaFunctionSucceededEventDetails"]["output"]
            for event in reversed(unsound.execution("Reconcile", report.id).history)
            if "Succeeded" in event["type"] and "executionSucceededEventDetails" not in event
        )
    )
    assert answered["metrics"] == {"Discrepancy": report.found}
    assert report.found > 0


def test_once_it_is_repaired_the_next_run_settles_it(unsound):
    shop = unsound
    stopped_by_somebody(shop)
    quietly(shop)
    shop.redrive(shop.execution("FulfillOrder"))
    report = quietly(shop)
    assert (report.settled, findings(report)) == (1, [])
    assert not shop.order().parked
    assert [type(each.event) for each in shop.orders.events("ord_1")][-2:] == [DiscrepancyFound, DiscrepancySettled]
    assert shop.violations() == []


def test_an_accepted_discrepancy_no_longer_parks_its_order_until_another_is_found(unsound):
    shop = unsound
    refund_that_no_ledger_has(shop)
    quietly(shop)
    commit(
        shop.deps,
        "ord_1",
        "operator:olga",
        lambda order: parking.accept_discrepancy(order, "CheckOrders", "ticket 4711"),
    )
    report = quietly(shop)
    assert (findings(report), report.accepted, report.parked) == ([], 1, 0)
    assert not shop.order().parked

    effect_booked = shop.store.money["ord_1"][:1]
    shop.store.money["ord_1"] += effect_booked
    report = quietly(shop)
    assert (report.accepted, report.parked) == (0, 1)
    assert "is twice in the money ledger" in shop.order().parked["CheckOrders"].cause

    shop.store.money["ord_1"] = shop.store.money["ord_1"][:-1]
    report = quietly(shop)
    assert (findings(report), report.accepted, report.settled) == ([], 1, 1)
    assert not shop.order().parked


@pytest.mark.parametrize(("days", "count"), [(20, 1), (70, 0)])
def test_the_carrier_is_asked_for_the_parcel_of_a_closed_return_for_two_months(unsound, days, count):
    parcel_came_unheard(unsound)
    unsound.let_happen(days * 24 * HOUR)
    assert quietly(unsound).found == count


def test_a_late_parcel_that_has_parked_its_order_is_not_reported_again(unsound):
    parcel_came_unheard(unsound)
    unsound.receive({"RED-LAMP": ["new"]})
    assert "Carrier" in unsound.order().parked
    assert quietly(unsound).found == 0
    commit(
        unsound.deps,
        "ord_1",
        "operator:olga",
        lambda order: parking.accept_discrepancy(order, "Carrier", "ticket 4711"),
    )
    assert quietly(unsound).found == 0


def test_an_order_that_has_just_moved_is_left_to_the_next_run(unsound):
    shop = unsound
    stopped_by_somebody(shop)
    shop.engine.advance(QUIET_PERIOD.total_seconds() - 2 * 600)
    assert findings(shop.reconcile("at-once")) == []
    assert findings(quietly(shop)) != []


def test_an_order_that_waits_for_an_operator_is_left_to_them(shop):
    shop.new_order()
    shop.payments.fail_next("void", after_effect=False, count=5)
    shop.cancel()
    report = quietly(shop)
    assert (findings(report), report.repairs) == ([], [])


def test_an_order_that_moves_while_it_is_read_is_left_to_the_next_run(shop, monkeypatch):
    shop.new_order()
    shop.let_happen(HOUR)
    whole = shop.orders.events

    def moved_meanwhile(order_id):
        history = whole(order_id)
        commit(shop.deps, order_id, "olga", lambda order: parking.park_discrepancy(order, "olga", "looks odd"))
        return history

    monkeypatch.setattr(shop.orders, "events", moved_meanwhile)
    report = shop.reconcile()
    assert (report.moving, findings(report)) == (1, [])


def test_a_gateway_that_is_away_fails_the_run_and_a_redrive_goes_on_with_that_page(shop):
    shop.new_order()
    shop.let_happen(HOUR)
    shop.payments.fail_next("find", after_effect=False, count=5)
    execution = shop.engine.start(shop.machines["Reconcile"], {}, name="daily")
    shop.engine.advance(600)
    assert (execution.status, execution.error) == ("FAILED", "PaymentsUnavailable")
    shop.redrive(execution)
    assert execution.output["outcome"] == "clean"
    assert execution.path.count("ReadLedger") == 1


def test_a_page_that_is_requested_twice_is_read_once(shop):
    shop.new_order(("TEA", 3))
    shop.let_happen(HOUR)
    opened = open_report.run({"run": {"Name": "daily", "Input": {}}}, shop.deps)
    event = {"report": opened["report"], "number": opened["number"]}
    first = read_ledger.run(event, shop.deps)
    assert read_ledger.run(event, shop.deps) == first
    assert json.loads(shop.reports.texts["daily"])["entries"] == 4


def test_a_report_survives_its_json(unsound):
    refund_that_no_ledger_has(unsound)
    report = quietly(unsound)
    assert reporting.report_to_json(report) == asdict(report)
    assert reporting.report_from_json(json.loads(json.dumps(reporting.report_to_json(report)))) == report
