"""Parked for an operator, and taken up again by a redrive."""

import pytest

from oms.domain import errors, parking
from tests.domain.orders import after, authorized_order, confirmed_order, taken_order


def parked(order, visit="10:00", redrives=0):
    return after(order, parking.park(order, "exec-1", visit, redrives, "Boom", "it broke"))


def test_trouble_parks_the_order_once():
    order = parked(confirmed_order())
    assert order.parked.error == "Boom"
    assert not parking.park(order, "exec-1", "10:00", 0, "Boom", "it broke")
    with pytest.raises(errors.OrderParked):
        parking.raise_parked(order)


def test_a_redrive_resumes_and_running_it_twice_resumes_once():
    order = parked(parked(confirmed_order()), redrives=1)
    assert order.parked is None
    assert parking.is_resumed(order, "exec-1", "10:00")
    assert not parking.park(order, "exec-1", "10:00", 1, "Boom", "it broke")


def test_new_trouble_in_the_same_redrive_parks_again():
    order = parked(parked(confirmed_order()), redrives=1)
    order = parked(order, visit="10:05", redrives=1)
    assert order.parked is not None
    order = parked(order, visit="10:05", redrives=2)
    assert parking.is_resumed(order, "exec-1", "10:05")


@pytest.mark.parametrize(
    ("order", "direction"),
    [(confirmed_order(), "forward"), (taken_order(), "backward"), (authorized_order(), "backward")],
)
def test_a_resumed_execution_goes_forward_only_where_the_order_stands(order, direction):
    assert parking.direction(order) == direction
