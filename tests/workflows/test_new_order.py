"""NewOrder, from its committed definition, with the real tasks."""

import pytest

from oms.domain.order import Status
from oms.domain.payment import PaymentStatus

DAY = 86400


def test_an_order_is_confirmed_in_five_transitions_and_its_fulfillment_starts(shop):
    execution = shop.new_order()
    assert execution.path == [
        "ReserveInventory",
        "AuthorizePayment",
        "ReviewNeeded",
        "ConfirmOrder",
        "StartFulfillment",
        "Confirmed",
    ]
    assert execution.output == {"order_id": "ord_1", "outcome": "confirmed"}
    assert shop.order().status is Status.CONFIRMED
    assert shop.execution("FulfillOrder").running


def test_a_declined_card_releases_the_reservation(shop):
    shop.payments.decline_next()
    execution = shop.new_order(("RED-LAMP", 2))
    assert execution.output == {"order_id": "ord_1", "outcome": "rejected", "reason": "payment-declined"}
    assert execution.path[-4:] == ["AuthorizePayment", "ReleaseInventory", "RejectOrder", "Rejected"]
    assert shop.available("RED-LAMP") == 10


def test_what_is_out_of_stock_is_refused_whole(shop):
    execution = shop.new_order(("TEA", 1), ("RED-LAMP", 11))
    assert execution.output["reason"] == "out-of-stock"
    assert shop.available("TEA") == 1000


def test_a_risky_order_waits_for_its_approval(shop):
    execution = shop.new_order(method="pm_card_riskLevelElevated")
    assert execution.running
    shop.decide(approved=True)
    assert execution.output["outcome"] == "confirmed"


def test_a_risky_order_that_is_declined_gives_back_what_it_holds(shop):
    execution = shop.new_order(method="pm_card_riskLevelElevated")
    shop.decide(approved=False)
    assert execution.output["reason"] == "review-declined"
    assert shop.order().payment.status is PaymentStatus.VOIDED
    assert shop.available("RED-LAMP") == 10


def test_a_review_that_nobody_answers_ends_at_its_deadline(shop):
    execution = shop.new_order(method="pm_card_riskLevelElevated")
    shop.let_happen(4 * DAY)
    assert execution.output["reason"] == "review-expired"


@pytest.mark.parametrize("after_effect", [False, True], ids=["before", "after"])
def test_a_gateway_that_times_out_is_called_again(shop, after_effect):
    shop.payments.fail_next("authorize", after_effect=after_effect, count=2)
    assert shop.new_order().output["outcome"] == "confirmed"
    assert [entry.kind for entry in shop.payments.ledger] == ["hold"]


@pytest.mark.parametrize("after_effect", [False, True], ids=["before", "after"])
def test_a_gateway_that_stays_away_rejects_the_order_once_the_void_is_sure(shop, after_effect):
    shop.payments.fail_next("authorize", after_effect=after_effect, count=5)
    execution = shop.new_order()
    assert execution.output["reason"] == "payments-unavailable"
    assert shop.payments.find(shop.order().payment_request).status is PaymentStatus.VOIDED


def test_a_void_that_fails_parks_the_order_with_its_stock_released_and_one_redrive_ends_it(shop):
    shop.payments.fail_next("authorize", after_effect=True, count=5)
    shop.payments.fail_next("void", after_effect=False, count=5)
    execution = shop.new_order()
    assert (execution.status, execution.error) == ("FAILED", "OrderParked")
    assert [parked.error for parked in shop.order().parked.values()] == ["CompensationIncomplete"]
    assert shop.available("RED-LAMP") == 10

    shop.redrive(execution)

    assert execution.output["outcome"] == "rejected"
    assert not shop.order().parked


def test_a_long_order_is_reserved_in_parts_and_released_whole(shop):
    lines = shop.stock_many(100)
    shop.payments.decline_next()
    assert shop.new_order(*lines).output["outcome"] == "rejected"
    assert all(shop.available(sku) == 3 for sku, _ in lines)


def test_a_long_order_of_which_the_last_part_is_out_of_stock_releases_the_first(shop):
    lines = [*shop.stock_many(99), ("RED-LAMP", 11)]
    assert shop.new_order(*lines).output["reason"] == "out-of-stock"
    assert all(shop.available(sku) == 3 for sku, _ in lines[:-1])


@pytest.mark.parametrize("machine", ["NewOrder", "FulfillOrder"])
@pytest.mark.parametrize(("order_id", "error"), [("ord_2", "OrderNotFound"), (None, "InvalidCommand")])
def test_an_execution_of_no_order_fails_within_minutes(unsound, machine, order_id, error):
    execution = unsound.start(machine, "by-hand", order_id=order_id)
    unsound.let_happen(600)
    assert (execution.status, execution.error) == ("FAILED", error)
