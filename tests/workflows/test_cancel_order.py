"""CancelOrder, from its committed definition, with the real tasks."""

import pytest

from oms.domain.order import Status
from oms.domain.payment import PaymentStatus


def test_a_confirmed_order_is_recalled_voided_and_released(shop):
    shop.new_order()
    execution = shop.cancel()
    assert execution.output["outcome"] == "cancelled"
    assert execution.path[:4] == ["TakeOrder", "RecallShipment", "Settle", "VoidAuthorization"]
    assert shop.order().status is Status.CANCELLED
    assert shop.available("RED-LAMP") == 10
    assert shop.execution("FulfillOrder").output["outcome"] == "superseded"


def test_by_line_the_rest_ships_and_only_it_is_paid(shop):
    shop.new_order(("RED-LAMP", 2), ("BLUE-RUG", 1))
    assert shop.cancel(("RED-LAMP", 1)).output["outcome"] == "cancelled"
    assert shop.available("RED-LAMP") == 9
    shop.dispatch()
    shop.deliver()
    assert shop.order().payment.captured == 1999 + 4550


def test_line_after_line_until_nothing_is_left(shop):
    shop.new_order(("RED-LAMP", 2), ("BLUE-RUG", 1))
    shop.cancel(("RED-LAMP", 2), name="first")
    shop.cancel(("BLUE-RUG", 1), name="second")
    assert shop.order().status is Status.CANCELLED
    assert shop.order().payment.status is PaymentStatus.VOIDED


def test_what_has_left_is_refused_and_goes_on(shop):
    shop.new_order()
    assert shop.carrier.dispatch("ord_1")  # and nobody has heard yet
    execution = shop.cancel()
    assert execution.output == {"order_id": "ord_1", "outcome": "refused", "reason": "AlreadyDispatched"}
    shop.deliver()
    assert shop.order().status is Status.DELIVERED


def test_a_second_cancellation_is_refused(shop):
    shop.new_order()
    shop.cancel()
    assert shop.cancel(name="again").output["outcome"] == "refused"


def test_an_order_under_review_is_cancelled_and_the_review_ends(shop):
    review = shop.new_order(method="pm_card_riskLevelElevated")
    assert shop.cancel().output["outcome"] == "cancelled"
    assert review.output["outcome"] == "superseded"


@pytest.mark.parametrize("after_effect", [False, True], ids=["before", "after"])
def test_a_void_that_fails_parks_the_order_and_the_release_still_runs(shop, after_effect):
    shop.new_order()
    shop.payments.fail_next("void", after_effect=after_effect, count=5)
    execution = shop.cancel()
    assert execution.status == "FAILED"
    assert shop.available("RED-LAMP") == 10
    assert shop.order().parked
    shop.redrive(execution)
    assert execution.output["outcome"] == "cancelled"
