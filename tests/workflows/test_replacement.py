"""An execution that failed more than 14 days ago can't be redriven: another one, or none, does the rest."""

from __future__ import annotations

import pytest

from oms.application.recovery.redrive import redrive_order
from oms.application.recovery.redrive_preview import preview_redrive
from oms.domain.errors import OrderNotParked
from oms.domain.events import ExecutionReplaced
from oms.domain.order import Status
from tests.workflows.discrepancies import findings, forget, quietly
from tests.workflows.shop import Shop
from tests.workflows.test_redrive import (
    DAY,
    PARKED,
    cancellation_s_void_fails,
    capture_is_unheard,
    delivery_is_never_told,
    ledgers,
    nobody_picks_up_and_the_void_fails,
    refund_is_unheard,
    refund_of_a_lost_parcel_fails,
    void_fails,
)

ENDS = {
    void_fails: ("NewOrder:ord_1", "", Status.REJECTED),
    capture_is_unheard: ("FulfillOrder:ord_1", "FulfillOrder:ord_1-again-1", Status.DELIVERED),
    delivery_is_never_told: ("FulfillOrder:ord_1", "FulfillOrder:ord_1-again-1", Status.DELIVERED),
    cancellation_s_void_fails: ("CancelOrder:ord_1_cancel", "CancelOrder:ord_1_cancel-again-1", Status.CANCELLED),
    nobody_picks_up_and_the_void_fails: (
        "FulfillOrder:ord_1",
        "CancelOrder:ord_1_unfulfillable",
        Status.CANCELLED,
    ),
    refund_is_unheard: ("ReturnOrder:ord_1_return", "ReturnOrder:ord_1_return-again-1", Status.DELIVERED),
    refund_of_a_lost_parcel_fails: ("FulfillOrder:ord_1", "", Status.LOST),
}


def too_late(shop: Shop) -> None:
    shop.let_happen(15 * DAY)


@pytest.mark.parametrize("trouble", ENDS, ids=lambda trouble: trouble.__name__)
def test_the_rest_is_done_with_the_effects_that_the_preview_names(shop, trouble):
    trouble(shop)
    too_late(shop)
    execution, successor, status = ENDS[trouble]
    (plan,) = preview_redrive(shop.deps, shop.order())
    assert plan.why.endswith("too old to be redriven: another takes its place")
    before = ledgers(shop)

    (redriven,) = redrive_order(shop.deps, shop.order(), "olga", "mended")
    shop.let_happen()
    PARKED[trouble][0](shop)

    assert redriven.goes_on
    assert (shop.order().status, shop.order().parked) == (status, {})
    assert ledgers(shop) - before == {effect for step in plan.steps for effect in step.effects}
    (replaced,) = [each for each in shop.orders.events("ord_1") if isinstance(each.event, ExecutionReplaced)]
    assert (replaced.by, replaced.event) == ("olga", ExecutionReplaced(execution, successor))
    assert shop.violations() == []


@pytest.mark.parametrize("trouble", ENDS, ids=lambda trouble: trouble.__name__)
def test_the_next_reconciliation_finds_nothing(shop, trouble):
    trouble(shop)
    too_late(shop)
    redrive_order(shop.deps, shop.order(), "olga", "mended")
    shop.let_happen()
    PARKED[trouble][0](shop)
    report = quietly(shop)
    assert (findings(report), report.repairs) == ([], [])


def test_two_operators_at_once_begin_one(shop):
    capture_is_unheard(shop)
    too_late(shop)
    order = shop.order()
    first, second = (redrive_order(shop.deps, order, by, "mended")[0] for by in ("olga", "otto"))
    assert (first.goes_on, second.goes_on) == (True, False)
    assert second.why.startswith("OrderNotParked")
    assert sum(each.name.startswith("ord_1-again") for each in shop.engine.executions.values()) == 1


def test_an_order_that_parks_again_is_replaced_again(shop):
    capture_is_unheard(shop)
    for times in (1, 2):
        too_late(shop)
        shop.payments.fail_next("capture", after_effect=False, count=5)
        redrive_order(shop.deps, shop.order(), "olga", "mended")
        shop.let_happen()
        (parker,) = shop.order().parked
        assert parker.endswith(f":FulfillOrder:ord_1-again-{times}")
        assert shop.order().current_execution_name("FulfillOrder", "ord_1") == f"ord_1-again-{times}"
    assert shop.violations() == []


def test_one_that_step_functions_has_forgotten_is_replaced_too(shop):
    cancellation_s_void_fails(shop)
    forget(shop, "CancelOrder", "ord_1_cancel")
    (plan,) = preview_redrive(shop.deps, shop.order())
    assert plan.why.startswith("Step Functions has forgotten it")
    assert redrive_order(shop.deps, shop.order(), "olga", "mended")[0].goes_on
    shop.let_happen()
    assert shop.order().status is Status.CANCELLED


def test_an_order_that_is_not_parked_is_not_redriven(shop):
    shop.new_order()
    with pytest.raises(OrderNotParked):
        redrive_order(shop.deps, shop.order(), "olga", "mended")
