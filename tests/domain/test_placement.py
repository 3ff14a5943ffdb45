"""Rules of a new order, until its confirmation or its rejection."""

from dataclasses import replace

import pytest

from oms.domain import cancellation_rules, errors, payment_rules, placement
from oms.domain.events import InventoryReleased, OrderRejected, Units
from oms.domain.money import Money
from oms.domain.order import Status
from oms.domain.payment import Authorization, PaymentStatus, Risk
from tests.domain.orders import (
    CATALOGUE,
    NOON,
    after,
    authorized_order,
    confirmed_order,
    order_of,
    placed_order,
    plainly,
    reserved_order,
    shipped_order,
    unpriced,
)


def test_reserving_prices_every_line_and_holds_it():
    order = reserved_order(("RED-LAMP", 2), ("BLUE-RUG", 1))
    assert order.status is Status.RESERVED
    assert order.total.minor == 2 * 1999 + 4550
    assert order.held_units() == (Units("RED-LAMP", 2), Units("BLUE-RUG", 1))


def test_a_long_order_is_reserved_in_parts_with_an_effect_id_each():
    catalogue = {f"SKU-{n}": CATALOGUE["TEA"] for n in range(100)}
    order = order_of(plainly([Units(sku, 1) for sku in catalogue], catalogue))
    first = placement.reserve(order, catalogue)
    order = after(order, first)
    second = placement.reserve(order, catalogue)
    assert [entry.effect_id for change in (first, second) for entry in change.stock] == [
        "ord_1:reserve",
        "ord_1:reserve:90",
    ]
    assert after(order, second).status is Status.RESERVED
    assert order.status is Status.PLACED


def test_reserving_twice_changes_nothing():
    assert not placement.reserve(reserved_order(), CATALOGUE)


def test_an_order_keeps_what_it_was_placed_at():
    dearer = {sku: replace(product, price=Money(9999, "USD")) for sku, product in CATALOGUE.items()}
    order = placed_order()
    assert after(order, placement.reserve(order, dearer)).total == order.total == Money(2 * 1999 + 4550, "USD")


def test_an_order_that_an_early_version_placed_is_priced_as_it_is_reserved():
    order = order_of(unpriced([Units("RED-LAMP", 2)]))
    assert order.total.minor == 0
    assert after(order, placement.reserve(order, CATALOGUE)).total.minor == 2 * 1999
    with pytest.raises(errors.UnknownSku, match="RED-LAMP"):
        placement.reserve(order, {})
    with pytest.raises(errors.WrongCurrency):
        placement.reserve(type(order)(**{**vars(order), "currency": "EUR"}), CATALOGUE)


def test_a_release_keeps_a_late_reservation_out():
    order = placed_order()
    order = after(order, placement.release(order))
    assert order.released
    with pytest.raises(errors.EffectRefused):
        placement.reserve(order, CATALOGUE)


def test_releasing_gives_back_what_is_held_once():
    order = reserved_order()
    change = placement.release(order)
    assert [(move.sku, move.reserved) for move in change.stock[0].movements] == [("RED-LAMP", -2), ("BLUE-RUG", -1)]
    assert not placement.release(after(order, change))


def test_a_confirmed_order_is_not_released_by_a_rejection():
    with pytest.raises(errors.AlreadyConfirmed):
        placement.release(confirmed_order())
    with pytest.raises(errors.AlreadyConfirmed):
        placement.abandon(confirmed_order(), "Boom")


def test_an_abandoned_order_is_not_confirmed_by_a_late_step():
    order = authorized_order()
    order = after(order, placement.abandon(order, "Boom"))
    with pytest.raises(errors.OrderClosed):
        placement.confirm(order)


def test_a_void_keeps_a_late_authorization_out():
    order = reserved_order()
    order = after(order, placement.abandon(order, "PaymentsUnavailable"))
    assert payment_rules.may_void(order, None)
    order = after(order, payment_rules.voided(order))
    with pytest.raises(errors.EffectRefused):
        payment_rules.authorized(order, Authorization("pi_1", order.total, Risk.NORMAL))


def test_an_authorization_that_was_taken_meanwhile_is_still_booked():
    order = reserved_order()
    order = after(order, cancellation_rules.take(order, "c1", (), "mind"))
    order = after(order, payment_rules.authorized(order, Authorization("pi_1", order.total, Risk.NORMAL)))
    assert order.payment.status is PaymentStatus.AUTHORIZED


@pytest.mark.parametrize("error", ["OutOfStock", "PaymentDeclined", "PaymentsUnavailable"])
def test_an_answer_rejects_the_order(error):
    order = placed_order()
    reason = placement.reason_to_reject(order, error)
    assert reason is not None
    change = placement.reject(order, reason)
    assert [type(event) for event in change.events] == [InventoryReleased, OrderRejected]
    assert after(order, change).status is Status.REJECTED


@pytest.mark.parametrize("error", ["UnexpectedState", "KeyError", "States.Timeout", "Lambda.Unknown"])
def test_a_defect_is_no_answer(error):
    assert placement.reason_to_reject(reserved_order(), error) is None


def test_a_review_that_expired_is_a_reason_to_reject():
    order = authorized_order(risk=Risk.ELEVATED)
    order = after(order, placement.request_review(order, NOON, "token"))
    assert placement.reason_to_reject(order, "States.Timeout") == "review-expired"


def test_what_still_holds_something_cannot_be_rejected():
    order = authorized_order()
    order = after(order, placement.abandon(order, "Boom"))
    with pytest.raises(errors.CompensationIncomplete):
        placement.reject(order, "boom")


@pytest.mark.parametrize(
    "step",
    [placement.confirm, lambda order: placement.abandon(order, "Boom"), lambda order: placement.reject(order, "no")],
)
def test_a_taken_order_moves_for_nobody_else(step):
    order = authorized_order()
    order = after(order, cancellation_rules.take(order, "cancel_1", (), "mind"))
    with pytest.raises(errors.OrderTaken):
        step(order)


def test_risk_and_value_need_a_review():
    assert placement.needs_review(authorized_order(risk=Risk.ELEVATED))
    assert placement.needs_review(authorized_order(("BLUE-RUG", 11)))
    assert not placement.needs_review(authorized_order())


def test_a_review_is_decided_once():
    order = authorized_order()
    order = after(order, placement.request_review(order, NOON, "token"))
    order = after(order, placement.decide_review(order, True, "olga"))
    assert not placement.decide_review(order, True, "olga")
    with pytest.raises(errors.OrderNotUnderReview):
        placement.decide_review(order, False, "otto")


def test_confirming_again_changes_nothing_however_far_the_order_has_come():
    assert not placement.confirm(confirmed_order())
    assert not placement.confirm(shipped_order())
