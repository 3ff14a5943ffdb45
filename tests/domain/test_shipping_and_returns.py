"""Rules of a shipment, and of a return."""

import pytest

from oms.domain import errors, payment_rules, placement, returns, shipment_rules
from oms.domain.change import recorded
from oms.domain.events import Units
from oms.domain.fold import fold
from oms.domain.money import Money
from oms.domain.order import Status
from oms.domain.payment_rules import Refund
from tests.domain.orders import (
    CATALOGUE,
    NOON,
    after,
    confirmed_order,
    delivered_order,
    placed_order,
    plainly,
    shipped_order,
)

RETURN = "ord_1_return_1"
NO_CREDIT = Money(0, "USD")


def returned(order, quantity, conditions):
    order = after(order, returns.authorize(order, RETURN, [Units("RED-LAMP", quantity)], "too red", NOON))
    return after(order, returns.inspect(order, RETURN, {"RED-LAMP": conditions}))


def test_shipping_takes_the_goods_out_of_stock():
    order = confirmed_order()
    order = after(order, shipment_rules.request_shipment(order, "token"))
    order = after(order, payment_rules.captured(order, order.due))
    (entry,) = shipment_rules.ship(order, "TRACK-1").stock
    assert [(m.sku, m.on_hand, m.reserved) for m in entry.movements] == [("RED-LAMP", -2, -2), ("BLUE-RUG", -1, -1)]


def test_nothing_ships_unpaid():
    order = confirmed_order()
    with pytest.raises(errors.UnexpectedState, match="not paid"):
        shipment_rules.ship(order, "TRACK-1")


def test_a_shipment_that_has_left_is_not_requested_again():
    with pytest.raises(errors.AlreadyDispatched):
        shipment_rules.request_shipment(shipped_order(), "token")


def test_a_lost_parcel_is_due_back_in_full():
    order = shipped_order()
    order = after(order, shipment_rules.lose(order))
    assert order.status is Status.LOST
    assert payment_rules.refund_due(order, "ord_1:refund") == Refund(Money(order.payment.captured, "USD"), NO_CREDIT)


def test_accepted_units_are_refunded_and_new_ones_sold_again():
    order = returned(delivered_order(("RED-LAMP", 3)), 3, ["new", "opened", "damaged"])
    assert order.returns[RETURN].refund_minor == 2 * 1999
    assert order.returns[RETURN].to_restock == (Units("RED-LAMP", 1),)


def test_a_unit_that_is_missing_from_the_parcel_is_not_refunded():
    order = returned(delivered_order(("RED-LAMP", 3)), 2, ["new"])
    assert order.returns[RETURN].refund_minor == 1999
    assert order.line("RED-LAMP").returnable == 2


def test_returns_in_slices_give_back_exactly_what_was_paid():
    order, refunded = delivered_order(("TEA", 7)), 0
    for n, count in enumerate([3, 2, 2]):
        return_id = f"r{n}"
        order = after(order, returns.authorize(order, return_id, [Units("TEA", count)], "", NOON))
        order = after(order, returns.inspect(order, return_id, {"TEA": ["new"] * count}))
        refunded += order.returns[return_id].refund_minor
    assert refunded == order.payment.captured


@pytest.mark.parametrize("units", [Units("RED-LAMP", 4), Units("TEA", 1), Units("RED-LAMP", 0)])
def test_more_than_was_bought_does_not_come_back(units):
    with pytest.raises(errors.OrderNotReturnable):
        returns.authorize(delivered_order(("RED-LAMP", 3)), RETURN, [units], "", NOON)


def test_a_unit_does_not_come_back_on_two_lines():
    with pytest.raises(errors.OrderNotReturnable, match="more than one line"):
        returns.authorize(delivered_order(("RED-LAMP", 1)), RETURN, [Units("RED-LAMP", 1)] * 2, "", NOON)


def test_what_was_never_delivered_does_not_come_back():
    with pytest.raises(errors.OrderNotReturnable):
        returns.authorize(shipped_order(), RETURN, [Units("RED-LAMP", 1)], "", NOON)


def test_goods_under_way_back_are_not_promised_twice():
    order = delivered_order(("RED-LAMP", 1))
    order = after(order, returns.authorize(order, RETURN, [Units("RED-LAMP", 1)], "", NOON))
    with pytest.raises(errors.OrderNotReturnable):
        returns.authorize(order, "another", [Units("RED-LAMP", 1)], "", NOON)


def test_a_return_that_never_came_frees_its_units():
    order = delivered_order(("RED-LAMP", 1))
    order = after(order, returns.authorize(order, RETURN, [Units("RED-LAMP", 1)], "", NOON))
    order = after(order, returns.close(order, RETURN))
    assert order.returns[RETURN].outcome == "expired"
    assert order.line("RED-LAMP").returnable == 1


def test_a_refused_return_is_not_authorized_later():
    order = shipped_order(("RED-LAMP", 1))
    order = after(order, returns.close(order, RETURN))
    assert order.returns[RETURN].outcome == "refused"
    assert not returns.close(order, RETURN)
    order = after(order, shipment_rules.deliver(order))
    with pytest.raises(errors.AlreadyReceived, match="refused"):
        returns.authorize(order, RETURN, [Units("RED-LAMP", 1)], "", NOON)
    assert returns.authorize(order, "another", [Units("RED-LAMP", 1)], "", NOON).events


def test_a_long_return_is_put_back_in_parts_with_an_effect_id_each(monkeypatch):
    monkeypatch.setattr(returns, "PART", 1)  # on DynamoDB a unit of work takes no more
    order = delivered_order(("RED-LAMP", 2), ("TEA", 1))
    order = after(order, returns.authorize(order, RETURN, [Units("RED-LAMP", 2), Units("TEA", 1)], "", NOON))
    order = after(order, returns.inspect(order, RETURN, {"RED-LAMP": ["new", "new"], "TEA": ["new"]}))
    first = returns.restock(order, RETURN)
    order = after(order, first)
    with pytest.raises(errors.CompensationIncomplete):
        returns.close(
            after(order, payment_rules.refunded(order, Refund(Money(4331, "USD"), NO_CREDIT), f"{RETURN}:refund")),
            RETURN,
        )
    second = returns.restock(order, RETURN)
    assert [entry.effect_id for change in (first, second) for entry in change.stock] == [
        f"{RETURN}:restock",
        f"{RETURN}:restock:1",
    ]
    assert not returns.restock(after(order, second), RETURN)


def test_a_return_closes_only_when_it_is_refunded_and_restocked():
    order = returned(delivered_order(("RED-LAMP", 1)), 1, ["new"])
    with pytest.raises(errors.CompensationIncomplete):
        returns.close(order, RETURN)
    order = after(order, payment_rules.refunded(order, Refund(Money(1999, "USD"), NO_CREDIT), f"{RETURN}:refund"))
    with pytest.raises(errors.CompensationIncomplete):
        returns.close(order, RETURN)
    order = after(order, returns.restock(order, RETURN))
    assert after(order, returns.close(order, RETURN)).returns[RETURN].outcome == "refunded"


def test_no_more_is_refunded_than_was_charged():
    order = delivered_order(("TEA", 1))
    with pytest.raises(errors.UnexpectedState):
        payment_rules.refunded(order, Refund(Money(334, "USD"), NO_CREDIT), "x")
    with pytest.raises(errors.UnexpectedState):
        payment_rules.refunded(order, Refund(Money(330, "USD"), Money(4, "USD")), "x")


def test_an_order_is_the_fold_of_its_events():
    order, history = placed_order(("RED-LAMP", 2)), []
    change = placement.place("ord_1", "anna", plainly(order.open_units()), "pm_card_visa", {"name": "Anna"}, "hash")
    history.extend(recorded(None, change, NOON, "test"))
    change = placement.reserve(order, CATALOGUE)
    history.extend(recorded(order, change, NOON, "test"))
    assert fold(history) == after(order, change)
