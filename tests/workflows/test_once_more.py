"""AWS's console offers a new execution with the same input: it changes nothing, for every machine at every stage.

Each stage is played twice, once without the other execution. The order ends in the same state, with the same stock and
the same effects at the gateway, each once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from oms.domain.order import Order, ReturnStatus
from tests.workflows.shop import MACHINES, Shop

HOUR, DAY = 3600, 86400
LAMP = ("RED-LAMP", 1)


def placed(shop: Shop) -> None:
    shop.place()
    shop.start("NewOrder")


def under_review(shop: Shop) -> None:
    shop.new_order(method="pm_card_riskLevelElevated")


def rejected(shop: Shop) -> None:
    shop.new_order(method="pm_card_chargeDeclined")


def rejecting(shop: Shop) -> None:
    """Parked while it gives back what it holds."""
    shop.payments.fail_next("authorize", after_effect=True, count=5)
    shop.payments.fail_next("void", after_effect=False, count=5)
    shop.new_order()


def confirmed(shop: Shop) -> None:
    shop.new_order()


def unpaid(shop: Shop) -> None:
    """Parked after the goods have left, with nothing captured."""
    shop.new_order()
    shop.payments.fail_next("capture", after_effect=True, count=5)
    shop.dispatch()


def shipped(shop: Shop) -> None:
    shop.new_order()
    shop.dispatch()


def delivered(shop: Shop) -> None:
    shop.delivered_order()


def lost(shop: Shop) -> None:
    shipped(shop)
    shop.carrier.lose("ord_1")
    shop.let_happen()


def never_picked_up(shop: Shop) -> None:
    shop.new_order()
    shop.let_happen(6 * DAY)


def cancelled(shop: Shop) -> None:
    shop.new_order()
    shop.cancel()


def cancelled_by_line(shop: Shop) -> None:
    shop.new_order()
    shop.cancel(LAMP)


def cancelled_under_review(shop: Shop) -> None:
    under_review(shop)
    shop.cancel()


def cancelling(shop: Shop) -> None:
    """Parked while a cancellation holds the order."""
    shop.new_order()
    shop.payments.fail_next("void", after_effect=False, count=5)
    shop.cancel()


def cancelled_too_late(shop: Shop) -> None:
    shop.new_order()
    assert shop.carrier.dispatch("ord_1")
    shop.cancel()


def returning(shop: Shop) -> None:
    shop.delivered_order()
    shop.send_back(LAMP)


def returned(shop: Shop) -> None:
    returning(shop)
    shop.receive({"RED-LAMP": ["new"]})


def returned_damaged(shop: Shop) -> None:
    returning(shop)
    shop.receive({"RED-LAMP": ["damaged"]})


def never_returned(shop: Shop) -> None:
    returning(shop)
    shop.carrier.returns.clear()
    shop.let_happen(31 * DAY)


def unrefunded(shop: Shop) -> None:
    """Parked with the goods back and nothing refunded."""
    returning(shop)
    shop.payments.fail_next("refund", after_effect=True, count=5)
    shop.receive({"RED-LAMP": ["new"]})


STAGES = [
    placed,
    under_review,
    rejected,
    rejecting,
    confirmed,
    unpaid,
    shipped,
    delivered,
    lost,
    never_picked_up,
    cancelled,
    cancelled_by_line,
    cancelled_under_review,
    cancelling,
    cancelled_too_late,
    returning,
    returned,
    returned_damaged,
    never_returned,
    unrefunded,
]


def at(stage: Callable[[Shop], None]) -> Shop:
    shop = Shop()
    shop.stock(RED_LAMP=10, BLUE_RUG=5)
    stage(shop)
    return shop


def inputs(shop: Shop) -> dict[str, Any]:
    """The input of each state machine that has run."""
    return {each.machine.name: each.input for each in shop.engine.executions.values()}


def cases() -> list[Any]:
    return [
        pytest.param(stage, machine, id=f"{machine}-{stage.__name__}")
        for stage in STAGES
        for machine in MACHINES
        if machine in inputs(at(stage))
    ]


def play_out(shop: Shop) -> None:
    """Lets the operator, the carrier and the shopper act until nothing is left to do."""
    for execution in [each for each in shop.engine.executions.values() if each.status == "FAILED"]:
        shop.redrive(execution)
    order = shop.order()
    if order.review is not None and order.review.approved is None and not order.status.is_closed:
        shop.decide(approved=True)
    if shop.carrier.dispatch("ord_1"):
        shop.let_happen()
    if "ord_1" in shop.carrier.shipments and shop.carrier.shipments["ord_1"].status == "dispatched":
        shop.deliver()
    for each in shop.order().returns.values():
        if each.status is ReturnStatus.AUTHORIZED:
            shop.receive({"RED-LAMP": ["new"]}, each.return_id)
    shop.let_happen(2 * DAY)


def came_to(shop: Shop) -> dict[str, Any]:
    order: Order = shop.order()
    return {
        "order": (order.status, order.payment, order.lines, dict(order.refunds), dict(order.parked)),
        "cancellations": {each.cancellation_id: each.outcome for each in order.cancellations.values()},
        "returns": {each.return_id: each.outcome for each in order.returns.values()},
        "stock": shop.store.stock,
        "effects": sorted(shop.store.entries),
        "gateway": [(entry.kind, entry.amount, entry.effect_id) for entry in shop.payments.ledger],
    }


@pytest.mark.parametrize(("stage", "machine"), cases())
def test_a_new_execution_with_the_same_input_changes_nothing_that_comes_of_the_order(stage, machine):
    undisturbed, shop = at(stage), at(stage)
    again = shop.start(machine, "once-more", **inputs(shop)[machine])
    for each in (undisturbed, shop):
        each.let_happen()
        play_out(each)
    assert came_to(shop) == came_to(undisturbed)
    assert {each.status for each in shop.engine.executions.values()} == {"SUCCEEDED"}
    assert again.status == "SUCCEEDED"
    assert shop.violations() == []


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__)
def test_a_second_reconciliation_changes_nothing_that_comes_of_the_order(stage):
    undisturbed, shop = at(stage), at(stage)
    for each in (undisturbed, shop):
        each.let_happen(HOUR)
        each.reconcile("daily")
    again = shop.reconcile("once-more")
    for each in (undisturbed, shop):
        play_out(each)
    assert came_to(shop) == came_to(undisturbed)
    assert again.repaired == again.parked == 0


@pytest.mark.parametrize("steps", range(12))
def test_two_reconciliations_with_the_same_input_make_one_report(steps):
    """The second starts after a number of steps of the first; from then on their steps alternate."""
    undisturbed, shop = at(delivered), at(delivered)
    for each in (undisturbed, shop):
        each.let_happen(HOUR)
        each.engine.start(each.machines["Reconcile"], {"report": "daily"}, name="first")
    for _ in range(steps):
        shop.engine.step()
    again = shop.engine.start(shop.machines["Reconcile"], {"report": "daily"}, name="again")
    for each in (undisturbed, shop):
        each.engine.run_due()
    assert again.status == shop.execution("Reconcile", "first").status == "SUCCEEDED"
    assert shop.reports.texts == undisturbed.reports.texts
    assert came_to(shop) == came_to(undisturbed)
