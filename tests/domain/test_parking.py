"""Parking of an order, and its resumption by a redrive."""

from dataclasses import replace

import pytest

from oms.domain import cancellation_rules, errors, parking, payment_rules, placement
from oms.domain.parking import ParkingVisit
from tests.domain.orders import after, authorized_order, confirmed_order, taken_order


def parked(order, visit="10:00", redrives=0, execution="exec-1"):
    return after(order, parking.park(order, ParkingVisit(execution, visit, redrives), "Boom", "it broke"))


def test_trouble_parks_the_order_once():
    order = parked(confirmed_order())
    assert order.parked["exec-1"].error == "Boom"
    assert not parking.park(order, ParkingVisit("exec-1", "10:00"), "Boom", "it broke")
    with pytest.raises(errors.OrderParked):
        parking.raise_parked(order, "exec-1")


def test_a_redrive_resumes_and_running_it_twice_resumes_once():
    order = parked(parked(confirmed_order()), redrives=1)
    assert not order.parked
    assert parking.is_resumed(order, ParkingVisit("exec-1", "10:00"))
    assert not parking.park(order, ParkingVisit("exec-1", "10:00", 1), "Boom", "it broke")


def test_new_trouble_in_the_same_redrive_parks_again():
    order = parked(parked(confirmed_order()), redrives=1)
    order = parked(order, visit="10:05", redrives=1)
    assert order.parked
    order = parked(order, visit="10:05", redrives=2)
    assert parking.is_resumed(order, ParkingVisit("exec-1", "10:05"))


def cancelled_order():
    order = taken_order()
    order = after(order, payment_rules.voided(order))
    order = after(order, placement.release(order, "cancel_1"))
    return after(order, cancellation_rules.complete(order, "cancel_1", "mind"))


@pytest.mark.parametrize(
    ("order", "direction"),
    [
        (confirmed_order(), "forward"),
        (authorized_order(), "backward"),
        (taken_order(), "backward"),
        (cancelled_order(), "superseded"),
    ],
)
def test_a_resumed_execution_goes_on_where_the_order_is(order, direction):
    assert parking.resume_direction(order, "cancel_1") == direction


def test_an_order_that_somebody_else_holds_goes_forward_when_it_is_given_back():
    assert parking.resume_direction(taken_order(), "another") == "forward"


def test_two_executions_of_one_order_park_and_resume_each_for_itself():
    order = parked(parked(confirmed_order()), execution="exec-2")
    order = parked(order, redrives=1)
    assert set(order.parked) == {"exec-2"}
    assert parking.is_resumed(order, ParkingVisit("exec-1", "10:00"))


def test_a_visit_that_failed_before_it_could_park_is_resumed_by_its_redrive():
    order = confirmed_order()
    visit = ParkingVisit("exec-1", "10:00", redrive_count=1, redriven="11:00")
    order = after(order, parking.park(order, visit, "Boom", "it broke"))
    assert parking.is_resumed(order, visit)


def test_a_redrive_is_requested_of_what_is_parked_and_moves_nothing():
    order = parked(confirmed_order())
    requested = after(order, parking.request_redrive(order, "exec-1", "mended"))
    assert replace(requested, version=order.version) == order
    with pytest.raises(errors.OrderNotParked):
        parking.request_redrive(order, "exec-2", "mended")


def test_a_check_parks_under_its_own_name_once_for_the_same_reason():
    order = after(confirmed_order(), parking.park_discrepancy(confirmed_order(), "CheckOrders", "money: 5 is missing"))
    assert (order.parked["CheckOrders"].error, order.parked["CheckOrders"].cause) == (
        "Discrepancy",
        "money: 5 is missing",
    )
    assert not parking.park_discrepancy(order, "CheckOrders", "money: 5 is missing")
    assert parking.park_discrepancy(order, "CheckOrders", "money: 6 is missing")


def test_a_second_discrepancy_is_added_to_the_first():
    order = confirmed_order()
    for what in ("the first came", "the second came", "the first came"):
        order = after(order, parking.add_discrepancy(order, "Carrier", what))
    assert order.parked["Carrier"].cause == "the first came; the second came"
    order = after(order, parking.accept_discrepancy(order, "Carrier", "seen"))
    assert not parking.add_discrepancy(order, "Carrier", "the second came")
    assert parking.add_discrepancy(order, "Carrier", "the third came")


def test_a_check_settles_what_it_parked_and_nothing_else():
    order = parked(
        after(confirmed_order(), parking.park_discrepancy(confirmed_order(), "CheckOrders", "money: 5 is missing"))
    )
    order = after(order, parking.settle_discrepancy(order, "CheckOrders"))
    assert set(order.parked) == {"exec-1"}
    assert not parking.settle_discrepancy(order, "CheckOrders")
