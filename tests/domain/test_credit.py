"""Store credit: what an order takes of it, and every minor unit of it that comes back."""

from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms.domain import cancellation_rules, credit, errors, invariants, payment_rules, placement, returns, shipping
from oms.domain.credit import CreditReason, RefundTo
from oms.domain.events import QuotedUnits, Units
from oms.domain.money import Money
from oms.domain.order import Status
from oms.domain.payment import Authorization, Risk
from oms.domain.pricing import Quote
from tests.domain.orders import CATALOGUE, NOON, after, order_of, plainly

QUOTE = plainly([Units("RED-LAMP", 2), Units("BLUE-RUG", 1)])  # 2 * 1999 + 4550


class Books:
    """An order as it goes, and the ledger of store credit that its changes write."""

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
        self.do(shipping.request_shipment, "token")
        self.do(lambda order: payment_rules.captured(order, order.to_capture))
        self.do(shipping.ship, "TRACK-1")
        self.do(shipping.deliver)

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
    books = Books(replace(quote, credit_minor=minor))
    books.confirm()
    return books


@pytest.mark.parametrize(
    ("balance", "total", "used"),
    [(0, 900, 0), (300, 900, 300), (900, 900, 900), (5000, 900, 900), (880, 900, 850), (40, 45, 0), (45, 45, 45)],
)
def test_credit_pays_all_or_leaves_what_a_card_can_pay(balance, total, used):
    assert credit.usable_credit(balance, total, 50) == used


def test_the_card_pays_the_rest():
    books = paid_with(3000)
    assert (books.order.total.minor, books.order.charge.minor, books.order.payment.authorized) == (8548, 5548, 5548)
    assert [(entry.amount.minor, entry.reason) for entry in books.ledger[1:]] == [(-3000, CreditReason.SPENT)]
    assert books.balance == 0


def test_a_rejected_order_gives_it_back_once():
    books = Books(replace(QUOTE, credit_minor=3000))
    books.do(placement.reserve, CATALOGUE)
    books.do(placement.release)
    books.do(placement.reject, "payment-declined")
    assert not books.do(placement.reject, "payment-declined")
    assert (books.order.status, books.balance) == (Status.REJECTED, 3000)
    books.check()


def test_a_cancelled_order_gives_back_what_is_left_of_it():
    books = paid_with(3000)
    books.cancel("first", Units("RED-LAMP", 1))
    assert books.balance == 1999, "credit comes back first"
    books.cancel("second")
    assert (books.order.status, books.balance, books.order.net_paid.minor) == (Status.CANCELLED, 3000, 0)
    books.check()


def test_what_costs_less_takes_less_credit_before_it_takes_less_of_the_card():
    books = paid_with(3000)
    books.cancel("first", Units("RED-LAMP", 2))
    books.deliver()
    assert (books.balance, books.order.payment.captured) == (3000, 4550)
    assert books.order.net_paid == books.order.due


def test_an_order_that_credit_pays_for_asks_nothing_of_the_gateway():
    books = paid_with(8548)
    assert not payment_rules.is_charged(books.order)
    books.deliver()
    assert (books.order.status, books.order.payment.captured, books.order.net_paid.minor) == (Status.DELIVERED, 0, 8548)
    books.send_back("r", "BLUE-RUG", 1)
    refund = books.refund("r")
    assert (refund.card.minor, refund.credit.minor, books.balance) == (0, 4550, 4550)


def test_a_return_to_store_credit_gives_no_money_to_the_card():
    books = paid_with(0)
    books.deliver()
    books.send_back("r", "RED-LAMP", 1, RefundTo.STORE_CREDIT)
    books.refund("r")
    books.refund("r")
    assert (books.order.payment.refunded, books.balance, books.order.credits) == (0, 1999, {"r:refund": 1999})
    books.check()


def test_two_refunds_under_way_are_split_the_same_in_whatever_order_they_come():
    """The gateway may have heard of the first before the second is through: its share must not move."""
    books = paid_with(2500)
    books.deliver()
    books.send_back("first", "RED-LAMP", 1)
    books.send_back("second", "BLUE-RUG", 1)
    asked = payment_rules.refund_due(books.order, "first:refund")
    books.refund("second")
    assert payment_rules.refund_due(books.order, "first:refund") == asked
    books.refund("first")
    assert books.balance == 2500
    books.check()


def test_what_is_lost_goes_back_to_where_it_came_from():
    books = paid_with(2500)
    books.do(shipping.request_shipment, "token")
    books.do(lambda order: payment_rules.captured(order, order.to_capture))
    books.do(shipping.ship, "TRACK-1")
    books.do(shipping.lose)
    refund = books.refund("ord_1")
    assert (refund.card.minor, refund.credit.minor, books.balance) == (8548 - 2500, 2500, 2500)
    assert books.order.net_paid == books.order.due


def test_a_guest_has_no_account():
    with pytest.raises(errors.NoAccount):
        credit.grant("g", "guest_1", Money(1, "USD"), "sorry")
    with pytest.raises(errors.NoAccount):
        placement.place("ord_1", "guest_1", replace(QUOTE, credit_minor=1), "pm", {}, "hash")
    books = paid_with(0)
    books.deliver()
    order = replace(books.order, customer_id="guest_1")
    with pytest.raises(errors.NoAccount):
        returns.authorize(order, "r", [Units("RED-LAMP", 1)], "", NOON, RefundTo.STORE_CREDIT)


@st.composite
def lives(draw):
    """An order to odd cents, how much of it credit pays, and what is cancelled and sent back, in which order."""
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
    books, number = paid_with(quote.credit_minor, quote), count()
    for sku in units[:cancelled]:
        books.cancel(f"can_{next(number)}", Units(sku, 1))
        books.check()
    books.deliver()
    assert books.order.net_paid == books.order.due
    names = []
    for sku, kind in zip(units[cancelled:], kinds, strict=False):
        names.append(f"ret_{next(number)}")
        books.send_back(names[-1], sku, 1, kind)
        if not all_at_once:
            books.refund(names[-1])
            assert books.order.net_paid == books.order.due
    for name in reversed(names if all_at_once else []):
        books.refund(name)
    books.check()
    order = books.order
    assert order.net_paid == order.due
    assert 0 <= order.payment.refunded <= order.payment.captured <= order.payment.authorized
    if all(kind is RefundTo.ORIGINAL_PAYMENT for kind in kinds):
        assert order.credited <= order.credit_minor
