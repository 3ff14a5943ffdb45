"""Store credit in the state machines, from their committed definitions, with the real tasks."""

from dataclasses import replace

import pytest

from oms.domain import credit
from oms.domain.money import Money
from oms.domain.order import Status
from tests.domain.orders import plainly


@pytest.fixture
def rich(shop):
    """A shop in which Anna has store credit of 3000, and pays with it."""
    entry = credit.grant("grant", "anna", Money(3000, "USD"), "sorry")
    assert shop.deps.credit.grant(entry, shop.deps.clock.now(), "olga")
    shop.quote = lambda units, products: with_credit(plainly(units, products), 3000)
    return shop


def with_credit(quote, balance):
    return replace(quote, credit_minor=credit.usable_credit(balance, quote.total.minor, 50))


def balance(shop):
    return shop.deps.credit.balances("anna").get("USD", 0)


def test_a_return_is_refunded_as_store_credit(shop):
    shop.delivered_order()
    execution = shop.send_back(("RED-LAMP", 1), refund_to="store_credit")
    shop.receive({"RED-LAMP": ["new"]})
    assert execution.output["outcome"] == "refunded"
    assert (shop.order().payment.refunded, balance(shop)) == (0, 1999)
    assert [entry.kind for entry in shop.payments.ledger] == ["hold", "capture"]


def test_store_credit_comes_back_first_and_the_card_gets_the_rest(rich):
    rich.delivered_order()
    assert balance(rich) == 0
    rich.send_back(("BLUE-RUG", 1))
    rich.receive({"BLUE-RUG": ["new"]})
    assert (balance(rich), rich.order().payment.refunded) == (3000, 1550)


def test_a_declined_card_leaves_the_store_credit(rich):
    rich.new_order(method="pm_card_chargeDeclined")
    assert (rich.order().status, balance(rich)) == (Status.REJECTED, 3000)


def test_a_cancelled_order_gives_its_store_credit_back(rich):
    rich.new_order()
    assert balance(rich) == 0
    rich.cancel(("RED-LAMP", 1), name="ord_1_cancel_line")
    assert balance(rich) == 1999
    rich.cancel()
    assert (rich.order().status, balance(rich)) == (Status.CANCELLED, 3000)


def test_an_order_that_store_credit_pays_whole_charges_no_card(rich):
    rich.delivered_order(("RED-LAMP", 1))
    assert (rich.order().status, balance(rich), rich.payments.ledger) == (Status.DELIVERED, 3000 - 1999, [])
    rich.send_back(("RED-LAMP", 1))
    rich.receive({"RED-LAMP": ["new"]})
    assert (balance(rich), rich.payments.ledger) == (3000, [])


def test_it_is_cancelled_without_calling_the_gateway_either(rich):
    rich.new_order(("RED-LAMP", 1))
    rich.payments.fail_next("void", after_effect=False)
    rich.cancel()
    assert rich.execution("CancelOrder", "ord_1_cancel").path.count("VoidAuthorization") == 1
    assert (rich.order().status, balance(rich)) == (Status.CANCELLED, 3000)


def test_a_lost_parcel_gives_back_to_both(rich):
    rich.new_order()
    rich.dispatch()
    rich.carrier.lose("ord_1")
    rich.let_happen()
    assert (balance(rich), rich.order().payment.refunded) == (3000, 8548 - 3000)


def test_a_refund_that_was_cut_off_is_given_once(rich):
    """The gateway was called, and the order wasn't written: the repeated refund has the same amounts."""
    rich.delivered_order()
    rich.payments.fail_next("refund", after_effect=True)
    execution = rich.send_back(("BLUE-RUG", 1))
    rich.receive({"BLUE-RUG": ["new"]})
    assert execution.output["outcome"] == "refunded"
    assert (balance(rich), rich.order().payment.refunded) == (3000, 1550)


def test_a_reconciliation_finds_a_line_that_is_missing_and_a_balance_that_is_off(unsound):
    shop = unsound
    shop.delivered_order()
    shop.send_back(("RED-LAMP", 1), refund_to="store_credit")
    shop.receive({"RED-LAMP": ["new"]})
    shop.let_happen(1200)
    assert shop.reconcile().found == 0
    (lost,) = shop.store.credit
    booked = shop.store.credit.pop(lost)
    assert [each["what"] for each in shop.reconcile("second").findings] == [
        f"{lost} is 1999, and the ledger of store credit says 0",
        "has 1999 USD, and the ledger says 0",
    ]
    assert "CheckOrders" in shop.order().parked
    shop.store.credit[lost] = booked
    assert (shop.reconcile("third").settled, shop.order().parked) == (1, {})
