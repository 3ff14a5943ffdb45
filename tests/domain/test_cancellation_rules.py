"""Rules of a cancellation, of a whole order or of lines."""

from dataclasses import replace

import pytest

from oms.domain import cancellation_rules, errors, payment_rules, placement, shipment_rules
from oms.domain.events import Units
from oms.domain.money import Money
from oms.domain.order import Status
from oms.domain.payment import Authorization, Risk
from tests.domain.orders import (
    CATALOGUE,
    after,
    confirmed_order,
    order_of,
    placed_order,
    plainly,
    shipped_order,
    taken_order,
)


def cancelled_whole():
    order = taken_order()
    order = after(order, payment_rules.voided(order))
    return after(order, placement.release(order, "cancel_1"))


def test_a_whole_cancellation_ends_when_all_is_given_back():
    order = cancelled_whole()
    order = after(order, cancellation_rules.complete(order, "cancel_1", "changed my mind"))
    assert order.status is Status.CANCELLED
    assert order.due.minor == 0
    assert order.taken_by is None


def test_it_does_not_end_before():
    with pytest.raises(errors.CompensationIncomplete):
        cancellation_rules.complete(taken_order(), "cancel_1", "mind")
    order = taken_order()
    with pytest.raises(errors.CompensationIncomplete):
        cancellation_rules.complete(after(order, payment_rules.voided(order)), "cancel_1", "mind")


def test_by_line_the_rest_goes_on_and_less_is_due():
    order = taken_order(Units("RED-LAMP", 1))
    order = after(order, placement.release(order, "cancel_1"))
    order = after(order, cancellation_rules.complete(order, "cancel_1", "one is enough"))
    assert order.status is Status.CONFIRMED
    assert order.due.minor == 1999 + 4550
    assert order.held_units() == (Units("RED-LAMP", 1), Units("BLUE-RUG", 1))
    assert not order.released


def test_a_partial_release_is_not_done_twice():
    order = taken_order(Units("RED-LAMP", 1))
    order = after(order, placement.release(order, "cancel_1"))
    assert not placement.release(order, "cancel_1")
    order = after(order, cancellation_rules.complete(order, "cancel_1", "one is enough"))
    assert not placement.release(order, "cancel_1")


def test_naming_every_open_line_is_the_whole_order():
    order = taken_order(Units("RED-LAMP", 2), Units("BLUE-RUG", 1))
    assert order.cancellations["cancel_1"].whole


def order_with_a_gift(quantity):
    """An order of lamps, and of tea that is free, with free shipping."""
    products = {**CATALOGUE, "TEA": replace(CATALOGUE["TEA"], price=Money(0, "USD"))}
    order = order_of(plainly([Units("RED-LAMP", quantity), Units("TEA", 1)], products))
    order = after(order, placement.reserve(order, products))
    order = after(order, payment_rules.authorized(order, Authorization("pi_1", order.charge, Risk.NORMAL)))
    return after(order, placement.confirm(order))


def test_lines_are_not_cancelled_if_nothing_to_pay_would_be_left():
    order = order_with_a_gift(2)
    with pytest.raises(errors.OrderNotCancellable, match="costs nothing: cancel it whole"):
        cancellation_rules.take(order, "cancel_1", [Units("RED-LAMP", 2)], "only the tea")
    assert cancellation_rules.take(order, "cancel_1", [Units("RED-LAMP", 1)], "one is enough").events
    assert cancellation_rules.take(order, "cancel_1", [Units("TEA", 1)], "no tea").events
    assert cancellation_rules.take(order, "cancel_1", [Units("RED-LAMP", 2), Units("TEA", 1)], "nothing").events


def test_what_store_credit_pays_for_whole_may_leave_nothing_to_pay():
    order = replace(order_with_a_gift(1), credit_minor=1999)
    assert cancellation_rules.take(order, "cancel_1", [Units("RED-LAMP", 1)], "only the tea").events


def test_a_sku_in_two_lines_is_refused():
    with pytest.raises(errors.OrderNotCancellable, match="more than one line"):
        cancellation_rules.take(confirmed_order(), "cancel_1", [Units("RED-LAMP", 1)] * 2, "twice")


def test_one_cancellation_holds_the_order_against_another():
    with pytest.raises(errors.OrderTaken):
        cancellation_rules.take(taken_order(), "cancel_2", (), "me too")
    assert not cancellation_rules.take(taken_order(), "cancel_1", (), "again")


def test_what_has_left_or_ended_is_not_cancelled():
    with pytest.raises(errors.OrderNotCancellable):
        cancellation_rules.take(shipped_order(), "cancel_1", (), "too late")


@pytest.mark.parametrize("units", [Units("RED-LAMP", 3), Units("TEA", 1), Units("RED-LAMP", 0), Units("RED-LAMP", -1)])
def test_more_than_is_open_is_not_cancelled(units):
    with pytest.raises(errors.OrderNotCancellable):
        cancellation_rules.take(confirmed_order(), "cancel_1", (units,), "mind")


def test_by_line_waits_for_confirmation():
    with pytest.raises(errors.OrderNotCancellable, match="not confirmed"):
        cancellation_rules.take(placed_order(), "cancel_1", (Units("RED-LAMP", 1),), "mind")


def test_an_order_that_was_given_back_ships_and_is_not_taken_again_by_the_same_cancellation():
    order = taken_order()
    with pytest.raises(errors.OrderTaken):
        shipment_rules.request_shipment(order, "token")
    order = after(order, cancellation_rules.give_back(order, "cancel_1", "AlreadyDispatched"))
    assert shipment_rules.request_shipment(order, "token").events
    with pytest.raises(errors.OrderNotCancellable):
        cancellation_rules.take(order, "cancel_1", (), "mind")


def test_a_refused_cancellation_does_not_take_the_order_later():
    order = taken_order()
    order = after(order, cancellation_rules.give_back(order, "cancel_2", "OrderTaken"))
    assert order.taken_by == "cancel_1"
    assert not cancellation_rules.give_back(order, "cancel_2", "OrderTaken")
    order = after(order, cancellation_rules.give_back(order, "cancel_1", "AlreadyDispatched"))
    assert order.taken_by is None
    with pytest.raises(errors.OrderNotCancellable):
        cancellation_rules.take(order, "cancel_2", (), "mind")
    assert cancellation_rules.take(order, "cancel_3", (), "mind").events


def test_only_the_cancellation_that_holds_the_order_voids_and_releases():
    order = confirmed_order()
    with pytest.raises(errors.OrderTaken):
        payment_rules.may_void(order, "cancel_1")
    with pytest.raises(errors.OrderTaken):
        placement.release(order, "cancel_1")
