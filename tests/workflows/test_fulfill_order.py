"""FulfillOrder, from its committed definition, with the real tasks."""

import pytest

from asl.language.errors import StatesError
from oms.domain.order import Status
from oms.domain.payment import PaymentStatus

DAY = 86400


def test_goods_go_out_are_paid_and_arrive(shop):
    shop.delivered_order(("RED-LAMP", 2))
    execution = shop.execution("FulfillOrder")
    assert execution.path == [
        "RequestShipment",
        "CapturePayment",
        "MarkShipped",
        "TrackDelivery",
        "MarkDelivered",
        "Delivered",
    ]
    assert shop.order().status is Status.DELIVERED
    assert shop.order().payment.captured == 2 * 1999


def test_what_the_carrier_never_picks_up_is_cancelled_at_the_deadline(shop):
    shop.new_order()
    shop.let_happen(15 * DAY)
    assert shop.execution("FulfillOrder").output["outcome"] == "cancelled"
    assert shop.order().status is Status.CANCELLED
    assert shop.order().payment.status is PaymentStatus.VOIDED
    assert shop.available("RED-LAMP") == 10


def test_a_parcel_that_left_without_an_event_goes_forward(shop):
    shop.new_order()
    assert shop.carrier.dispatch("ord_1")
    shop.carrier.callbacks.clear()  # its word is lost
    shop.let_happen(3 * DAY)
    assert "GiveBackOrder" in shop.execution("FulfillOrder").path
    assert shop.order().status is Status.SHIPPED


def test_a_lost_parcel_is_refunded(shop):
    shop.new_order()
    shop.dispatch()
    shop.carrier.lose("ord_1")
    shop.let_happen()
    assert shop.execution("FulfillOrder").output["outcome"] == "lost"
    assert shop.order().payment.refunded == shop.order().payment.captured > 0


def test_a_delivery_without_an_event_parks_the_order_and_goes_on_when_redriven(shop):
    shop.new_order()
    shop.dispatch()
    shop.let_happen(31 * DAY)
    execution = shop.execution("FulfillOrder")
    assert shop.order().parked
    shop.redrive(execution)
    shop.deliver()
    assert execution.output["outcome"] == "delivered"


def test_a_capture_that_fails_parks_the_order_and_is_done_once_when_redriven(shop):
    shop.new_order()
    shop.payments.fail_next("capture", after_effect=True, count=5)
    shop.dispatch()
    execution = shop.execution("FulfillOrder")
    assert shop.order().parked
    shop.redrive(execution)
    shop.deliver()
    assert execution.output["outcome"] == "delivered"
    assert [entry.kind for entry in shop.payments.ledger] == ["hold", "capture"]


def test_a_shipped_order_that_is_redriven_goes_on_though_its_first_state_fails(shop):
    """It can't be cancelled any more, and no other execution tracks it."""
    shop.new_order()
    shop.dispatch()
    shop.let_happen(31 * DAY)
    execution = shop.execution("FulfillOrder")
    shop.engine.around = fails_in("RequestShipment")
    shop.redrive(execution)
    assert execution.path[-4:] == ["TakeOrder", "CapturePayment", "MarkShipped", "TrackDelivery"]
    shop.deliver()
    assert execution.output["outcome"] == "delivered"


def fails_in(state):
    """Every attempt of one state fails with a defect."""

    def around(engine, run):
        def invoke(request, complete):
            if request.state == state:
                complete(StatesError("KeyError", "a defect"))
            else:
                run(request, complete)

        return invoke

    return around


def test_a_carrier_that_stays_away_has_the_order_cancelled_when_it_is_back(shop):
    shop.carrier.fail_next(after_effect=False, count=5)
    shop.new_order()
    assert shop.execution("FulfillOrder").output["outcome"] == "cancelled"


@pytest.mark.parametrize("is_heard", [True, False], ids=["heard", "unheard"])
def test_a_carrier_that_hands_the_goods_back_has_the_order_cancelled(shop, is_heard):
    shop.new_order(("RED-LAMP", 1))
    shop.carrier.refuse("ord_1")
    if not is_heard:
        shop.carrier.callbacks.clear()
        shop.let_happen(3 * 86400)
    shop.let_happen()
    execution = shop.execution("FulfillOrder")
    assert execution.output == {"order_id": "ord_1", "outcome": "cancelled", "reason": "unfulfillable"}
    assert (shop.order().status, shop.available("RED-LAMP")) == (Status.CANCELLED, 10)


def test_a_repeated_request_of_a_shipment_that_was_handed_back_is_refused_too(shop):
    shop.new_order()
    execution = shop.execution("FulfillOrder")
    shop.engine.around = fails_in("TakeOrder")
    shop.carrier.refuse("ord_1")
    shop.let_happen()
    assert execution.status == "FAILED"
    shop.engine.around = None
    shop.redrive(execution)
    assert execution.path[-7:-5] == ["RequestShipment", "TakeOrder"]
    assert execution.output["outcome"] == "cancelled"


def test_a_repeated_carrier_event_changes_nothing(shop):
    shop.new_order()
    shop.carrier.dispatch("ord_1")
    shop.carrier.callbacks *= 2
    shop.let_happen()
    assert shop.order().status is Status.SHIPPED
    assert not shop.carrier.callbacks
