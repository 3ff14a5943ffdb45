"""ReturnOrder, from its committed definition, with the real tasks."""

import pytest

from oms.application.commit import commit
from oms.domain import parking

DAY = 86400


def test_what_comes_back_whole_is_refunded_and_sold_again(shop):
    shop.delivered_order(("RED-LAMP", 3))
    execution = shop.send_back(("RED-LAMP", 2))
    shop.receive({"RED-LAMP": ["new", "damaged"]})
    assert execution.output == {"order_id": "ord_1", "outcome": "refunded"}
    assert shop.order().payment.refunded == 1999
    assert shop.available("RED-LAMP") == 8


def test_a_long_return_is_put_back_in_parts(shop):
    lines = shop.stock_many(100)
    shop.delivered_order(*lines)
    execution = shop.send_back(*lines)
    shop.receive({sku: ["new"] * quantity for sku, quantity in lines})
    assert execution.output["outcome"] == "refunded"
    assert all(shop.available(sku) == 3 for sku, _ in lines)


def test_a_parcel_that_never_comes_expires(shop):
    shop.delivered_order(("RED-LAMP", 1))
    execution = shop.send_back(("RED-LAMP", 1))
    shop.let_happen(31 * DAY)
    assert execution.output["outcome"] == "expired"


def test_a_parcel_without_an_event_is_looked_for_before_its_return_is_closed(shop):
    shop.delivered_order(("RED-LAMP", 1))
    execution = shop.send_back(("RED-LAMP", 1))
    shop.carrier.receive("ord_1_return", {"RED-LAMP": ["new"]})
    shop.carrier.callbacks.clear()
    shop.let_happen(31 * DAY)
    assert execution.path[2:5] == ["FindParcel", "ParcelCame", "InspectItems"]
    assert execution.output["outcome"] == "refunded"
    assert shop.available("RED-LAMP") == 10


def test_a_parcel_that_comes_after_all_parks_its_order_for_a_person_once(shop):
    shop.delivered_order(("RED-LAMP", 2))
    shop.send_back(("RED-LAMP", 2))
    shop.let_happen(31 * DAY)
    shop.receive({"RED-LAMP": ["new", "damaged"]})
    shop.receive({"RED-LAMP": ["new", "damaged"]})
    came = "the parcel of ord_1_return came (2 of RED-LAMP), and it was expired: nothing is refunded"
    assert {parker: parked.cause for parker, parked in shop.order().parked.items()} == {"Carrier": came}
    assert (shop.order().payment.refunded, shop.available("RED-LAMP")) == (0, 8)

    commit(
        shop.deps,
        "ord_1",
        "operator:olga",
        lambda order: parking.accept_discrepancy(order, "Carrier", "refunded by hand"),
    )
    shop.receive({"RED-LAMP": ["new", "damaged"]})
    assert not shop.order().parked


def test_more_than_was_bought_is_refused(shop):
    shop.delivered_order(("RED-LAMP", 1))
    assert shop.send_back(("RED-LAMP", 2)).output["outcome"] == "refused"


@pytest.mark.parametrize("after_effect", [False, True], ids=["before", "after"])
def test_a_refund_that_fails_holds_the_goods_and_is_made_once_when_redriven(shop, after_effect):
    shop.delivered_order(("RED-LAMP", 1))
    execution = shop.send_back(("RED-LAMP", 1))
    shop.payments.fail_next("refund", after_effect=after_effect, count=5)
    shop.receive({"RED-LAMP": ["new"]})
    assert execution.status == "FAILED"
    assert shop.available("RED-LAMP") == 9
    shop.redrive(execution)
    assert execution.output["outcome"] == "refunded"
    assert shop.available("RED-LAMP") == 10
    assert [entry.kind for entry in shop.payments.ledger] == ["hold", "capture", "refund"]


def test_a_parcel_with_strange_goods_parks_the_order(shop):
    shop.delivered_order(("RED-LAMP", 1))
    execution = shop.send_back(("RED-LAMP", 1))
    shop.receive({"TEA": ["new"]})
    assert execution.status == "FAILED"
    (parked,) = shop.order().parked.values()
    assert "not in the return" in parked.cause
    shop.carrier.correct("ord_1_return", {"RED-LAMP": ["new"]})
    shop.redrive(execution)
    assert execution.output["outcome"] == "refunded"
