"""Store credit: what an order spends, and every minor unit that it gives back."""

from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms.domain import cancellation_rules, credit, errors, invariants, payment_rules, placement, returns, shipment_rules
from oms.domain.credit import CreditReason, RefundTo
from oms.domain.events import QuotedUnits, Units
from oms.domain.money import Money
from oms.domain.order import Status
from oms.domain.payment import Authorization, Risk
from oms.domain.pricing import Quote
from tests.domain.orders import CATALOGUE, NOON, after, order_of, plainly

QUOTE = plainly([Units("RED-LAMP", 2), Units("BLUE-RUG", 1)])  # 2 * 1999 + 4550


class CreditAccount:
    """An order, and the ledger of store credit that its changes write."""

    def __init__(self, quote):
        self.order = order_of(quote)
        placed = placement.place("ord_1", "anna", quote, "pm_card_visa", {"name": "Anna"}, "hash")
        self.ledger = [credit.grant("grant", "anna", Money(quote.credit_minor, "USD"), "sorry"), *placed.credit]

    def do(self, decide, *args, **named):
        change = decide(self.order, *args, **named)
        self.order = after(self.order, change)
        self.ledger += change.credit
        return change

    def confirm(self):
        self.do(placement.reserve, CATALOGUE)
        charge = self.order.charge
        self.do(payment_rules.authorized, Authorization("pi_1", charge, Risk.NORMAL))
        self.do(placement.confirm)

    def cancel(self, name, *lines):
        self.do(cancellation_rules.take, name, lines, "mind")
        if self.order.cancellations[name].whole:
            self.do(payment_rules.voided)
        while self.do(placement.release, name):
            pass
        self.do(cancellation_rules.complete, name, "mind")

    def deliver(self):
        self.do(shipment_rules.request_shipment, "token")
        self.do(lambda order: payment_rules.captured(order, order.to_capture))
        self.do(shipment_rules.ship, "TRACK-1")
        self.do(shipment_rules.deliver)

    def send_back(self, name, sku, units, refund_to=RefundTo.ORIGINAL_PAYMENT):
        self.do(returns.authorize, name, [Units(sku, units)], "too red", NOON, refund_to)
        self.do(returns.inspect, name, {sku: ["new"] * units})

    def refund(self, name):
        effect_id = f"{name}:refund"
        due = payment_rules.refund_due(self.order, effect_id)
        if due:
            self.do(payment_rules.refunded, due, effect_id)
        return due

    @property
    def balance(self):
        return credit.balances_of(self.ledger)["USD"]

    def check(self):
        """The invariants of an order at rest, and the ledger's against the order."""
        about = [entry for entry in self.ledger if entry.order_id]
        assert invariants.of_credit(self.order, about) == []
        assert len({entry.effect_id for entry in self.ledger}) == len(self.ledger)
        assert self.balance >= 0
        assert self.order.credited >= 0


def paid_with(minor, quote=QUOTE):
    account = CreditAccount(replace(quote, credit_minor=minor))
    account.confirm()
    return account


@pytest.mark.parametrize(
    ("balance", "total", "used"),
    [(0, 900, 0), (300, 900, 300), (900, 900, 900), (5000, 900, 900), (880, 900, 850), (40, 45, 0), (45, 45, 45)],
)
def test_credit_pays_all_or_leaves_what_a_card_can_pay(balance, total, used):
    assert credit.usable_credit(balance, total, 50) == used


def test_the_card_pays_the_rest():
    account = paid_with(3000)
    assert (account.order.total.minor, account.order.charge.minor, account.order.payment.authorized) == (
        8548,
        5548,
        5548,
    )
    assert [(entry.amount.minor, entry.reason) for entry in account.ledger[1:]] == [(-3000, CreditReason.SPENT)]
    assert account.balance == 0


def test_a_rejected_order_gives_it_back_once():
    account = CreditAccount(replace(QUOTE, credit_minor=3000))
    account.do(placement.reserve, CATALOGUE)
    account.do(placement.release)
    account.do(placement.reject, "payment-declined")
    assert not account.do(placement.reject, "payment-declined")
    assert (account.order.status, account.balance) == (Status.REJECTED, 3000)
    account.check()


def test_a_cancelled_order_gives_back_what_is_left_of_it():
    account = paid_with(3000)
    account.cancel("first", Units("RED-LAMP", 1))
    assert account.balance == 1999, "credit comes back first"
    account.cancel("second")
    assert (account.order.status, account.balance, account.order.net_paid.minor) == (Status.CANCELLED, 3000, 0)
    account.check()


def test_a_lower_price_reduces_the_credit_before_the_card_payment():
    account = paid_with(3000)
    account.cancel("first", Units("RED-LAMP", 2))
    account.deliver()
    assert (account.balance, account.order.payment.captured) == (3000, 4550)
    assert account.order.net_paid == account.order.due


def test_an_order_that_credit_pays_for_asks_nothing_of_the_gateway():
    account = paid_with(8548)
    assert not payment_rules.is_charged(account.order)
    account.deliver()
    assert (account.order.status, account.order.payment.captured, account.order.net_paid.minor) == (
        Status.DELIVERED,
        0,
        8548,
    )
    account.send_back("r", "BLUE-RUG", 1)
    refund = account.refund("r")
    assert (refund.card.minor, refund.credit.minor, account.balance) == (0, 4550, 4550)


def test_a_return_to_store_credit_gives_no_money_to_the_card():
    account = paid_with(0)
    account.deliver()
    account.send_back("r", "RED-LAMP", 1, RefundTo.STORE_CREDIT)
    account.refund("r")
    account.refund("r")
    assert (account.order.payment.refunded, account.balance, account.order.credits) == (0, 1999, {"r:refund": 1999})
    account.check()


def test_concurrent_refunds_are_split_alike_in_any_order():
    """The gateway may have been called for the first refund already: its amount must not change."""
    account = paid_with(2500)
    account.deliver()
    account.send_back("first", "RED-LAMP", 1)
    account.send_back("second", "BLUE-RUG", 1)
    amounts = payment_rules.refund_due(account.order, "first:refund")
    account.refund("second")
    assert payment_rules.refund_due(account.order, "first:refund") == amounts
    account.refund("first")
    assert account.balance == 2500
    account.check()


def test_a_lost_order_is_refunded_to_the_payments_that_paid_it():
    account = paid_with(2500)
    account.do(shipment_rules.request_shipment, "token")
    account.do(lambda order: payment_rules.captured(order, order.to_capture))
    account.do(shipment_rules.ship, "TRACK-1")
    account.do(shipment_rules.lose)
    refund = account.refund("ord_1")
    assert (refund.card.minor, refund.credit.minor, account.balance) == (8548 - 2500, 2500, 2500)
    assert account.order.net_paid == account.order.due


def test_a_guest_has_no_account():
    with pytest.raises(errors.NoAccount):
        credit.grant("g", "guest_1", Money(1, "USD"), "sorry")
    with pytest.raises(errors.NoAccount):
        placement.place("ord_1", "guest_1", replace(QUOTE, credit_minor=1), "pm", {}, "hash")
    account = paid_with(0)
    account.deliver()
    order = replace(account.order, customer_id="guest_1")
    with pytest.raises(errors.NoAccount):
        returns.authorize(order, "r", [Units("RED-LAMP", 1)], "", NOON, RefundTo.STORE_CREDIT)


@st.composite
def lives(draw):
    """An order at odd prices, the part that credit pays, and its cancellations and returns in some sequence."""
    lines = []
    for n in range(draw(st.integers(1, 3))):
        quantity, goods = draw(st.integers(1, 5)), draw(st.integers(100, 5000))
        off, tax = draw(st.integers(0, 99)), draw(st.integers(0, 500))
        lines.append(QuotedUnits(f"SKU-{n}", quantity, "", goods, goods * quantity, off, tax))
    quote = Quote("USD", tuple(lines), "standard", draw(st.integers(0, 900)), draw(st.integers(0, 90)))
    quote = replace(quote, credit_minor=draw(st.integers(0, quote.total.minor)))
    units = draw(st.permutations([line.sku for line in lines for _ in range(line.quantity)]))
    cancelled = draw(st.integers(0, len(units) - 1))
    kinds = draw(st.lists(st.sampled_from(RefundTo), min_size=len(units), max_size=len(units)))
    return quote, units, cancelled, kinds, draw(st.booleans())


@given(lives())
def test_every_minor_unit_comes_back_to_where_it_belongs(life):
    quote, units, cancelled, kinds, all_at_once = life
    account, number = paid_with(quote.credit_minor, quote), count()
    for sku in units[:cancelled]:
        account.cancel(f"can_{next(number)}", Units(sku, 1))
        account.check()
    account.deliver()
    assert account.order.net_paid == account.order.due
    names = []
    for sku, kind in zip(units[cancelled:], kinds, strict=False):
        names.append(f"ret_{next(number)}")
        account.send_back(names[-1], sku, 1, kind)
        if not all_at_once:
            account.refund(names[-1])
            assert account.order.net_paid == account.order.due
    for name in reversed(names if all_at_once else []):
        account.refund(name)
    account.check()
    order = account.order
    assert order.net_paid == order.due
    assert 0 <= order.payment.refunded <= order.payment.captured <= order.payment.authorized
    if all(kind is RefundTo.ORIGINAL_PAYMENT for kind in kinds):
        assert order.credited <= order.credit_minor
