"""The price of an order by the tables, and the exact value of each part of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oms.domain import cancellation_rules, errors, payment_rules, placement, pricing, returns, shipping_and_tax
from oms.domain.catalogue import Product
from oms.domain.discounts import Discount
from oms.domain.events import Units
from oms.domain.money import Money
from oms.domain.order import Order
from oms.domain.payment import Authorization, PaymentStatus, Risk
from oms.domain.pricing import Destination, Quote, shipping_options
from tests.domain.orders import CATALOGUE, NOON, after, order_of

ICELAND, BERLIN = Destination("IS"), Destination("DE")
CALIFORNIA, NEW_YORK, OHIO = (Destination("US", state) for state in ("CA", "ny ", "OH"))
TEN_PERCENT = Discount("TEN", "USD", NOON, NOON + timedelta(days=1), 100, 1, percent=10)
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
FOOD = Product("MILK", "Milk", "Grocery", "Milk", "Private", Money(259, "USD"))


def quoted(
    *lines: tuple[str, int], to: Destination = OHIO, method: str | None = None, discount: Discount | None = None
) -> Quote:
    units = [Units(sku, quantity) for sku, quantity in lines]
    return pricing.quote(units, {**CATALOGUE, "MILK": FOOD}, "USD", to, method, discount, now=NOON)


def charges(quote: Quote) -> tuple[int, int, int, int]:
    """Goods less their discount, shipping, tax, total."""
    goods = sum(line.total_minor - line.discount_minor for line in quote.lines)
    taxes = sum(line.tax_minor for line in quote.lines) + quote.shipping_tax_minor
    return goods, quote.shipping_minor, taxes, quote.total.minor


def test_shipping_goes_by_the_cheapest_and_is_free_from_some_worth_on() -> None:
    assert charges(quoted(("RED-LAMP", 1))) == (1999, 499, 0, 2498)
    assert charges(quoted(("RED-LAMP", 2))) == (3998, 0, 0, 3998)
    assert quoted(("RED-LAMP", 1)).shipping_method == "standard"
    assert charges(quoted(("RED-LAMP", 2), method="express")) == (3998, 1499, 0, 5497)
    assert shipping_options(quoted(("RED-LAMP", 2)), OHIO) == {"standard": 0, "express": 1499}


def test_a_discount_may_make_shipping_cost_again() -> None:
    assert charges(quoted(("RED-LAMP", 2), discount=replace(TEN_PERCENT, percent=15))) == (3399, 499, 0, 3898)


def test_tax_is_by_country_state_and_class_with_half_a_unit_rounded_up() -> None:
    assert charges(quoted(("RED-LAMP", 1), ("MILK", 1), to=CALIFORNIA)) == (2258, 499, 145, 2902)
    assert charges(quoted(("RED-LAMP", 1), ("MILK", 1), to=NEW_YORK)) == (2258, 499, 177 + 44, 2978)
    assert charges(quoted(("RED-LAMP", 1), ("MILK", 1), to=ICELAND)) == (2258, 1999, 480 + 28 + 480, 5245)


def test_a_discount_lowers_the_tax_too() -> None:
    assert charges(quoted(("RED-LAMP", 1), to=CALIFORNIA, discount=TEN_PERCENT)) == (1800, 499, 131, 2430)


def test_what_is_not_in_the_tables_is_refused() -> None:
    with pytest.raises(errors.NotShippable, match="by pigeon: there is standard, express"):
        quoted(("TEA", 1), method="pigeon")
    yen = {"TEA": replace(CATALOGUE["TEA"], price=Money(333, "JPY"))}
    with pytest.raises(errors.NotShippable, match="paid in JPY"):
        pricing.quote([Units("TEA", 1)], yen, "JPY", OHIO, now=NOON)


def test_less_than_a_card_pays_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    free = replace(TEN_PERCENT, percent=100)
    assert quoted(("TEA", 1), discount=free).total.minor == 499, "its way is still paid for"
    monkeypatch.setattr(shipping_and_tax, "SHIPPING", [shipping_and_tax.ShippingRate("pickup", "US", "USD", 0)])
    with pytest.raises(errors.AmountTooSmall, match=r"0\.00 USD: a card pays 0\.50 USD or more"):
        quoted(("TEA", 1), discount=free)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (replace(TEN_PERCENT, valid_from=NOON + timedelta(seconds=1)), "from"),
        (replace(TEN_PERCENT, valid_until=NOON), "until"),
        (replace(TEN_PERCENT, currency="EUR"), "EUR"),
        (replace(TEN_PERCENT, minimum_minor=2000), r"20\.00 USD or more"),
    ],
)
def test_a_code_for_other_times_or_orders_is_refused(code: Discount, why: str) -> None:
    with pytest.raises(errors.CodeNotValid, match=why):
        quoted(("RED-LAMP", 1), discount=code)


def test_the_tables_name_classes_and_rates_that_there_are() -> None:
    assert {kind for _, _, kind in shipping_and_tax.TAXES} == {
        shipping_and_tax.GOODS,
        shipping_and_tax.FOOD,
        shipping_and_tax.DELIVERY,
    }
    assert {rate.currency for rate in shipping_and_tax.SHIPPING} == shipping_and_tax.LEAST.keys()
    for currency in shipping_and_tax.LEAST:
        assert shipping_and_tax.shipping_rates("ZZ", currency), "what is paid in it is shipped anywhere"


@st.composite
def quotes(draw: st.DrawFn) -> Quote:
    """Quotes of products at odd prices, to any destination, with any discount that leaves enough to pay."""
    counts = draw(st.lists(st.integers(1, 7), min_size=1, max_size=6))
    products = {
        f"SKU-{n}": Product(f"SKU-{n}", "", draw(st.sampled_from(["Grocery", "HOME"])), "", "", Money(minor, "USD"))
        for n, minor in enumerate(draw(st.lists(st.integers(0, 5000), min_size=len(counts), max_size=len(counts))))
    }
    discount = replace(TEN_PERCENT, percent=draw(st.integers(0, 100)), amount_minor=draw(st.integers(0, 3000)))
    to = draw(st.sampled_from([ICELAND, BERLIN, CALIFORNIA, NEW_YORK, OHIO]))
    units = [Units(sku, count) for sku, count in zip(products, counts, strict=True)]
    return pricing.quote(units, products, "USD", to, "express", discount, now=NOON)


@unhurried
@given(quotes())
def test_a_discount_is_shared_out_whole_and_no_line_gets_more_than_it_costs(quote: Quote) -> None:
    goods = sum(line.total_minor for line in quote.lines)
    discount = quote.discount
    assert discount is not None
    off = sum(line.discount_minor for line in quote.lines)
    assert off == min(goods, discount.amount_minor + goods * discount.percent // 100)
    for line in quote.lines:
        assert 0 <= line.discount_minor <= line.total_minor
        assert abs(line.discount_minor - off * line.total_minor / max(goods, 1)) < 1
    assert quote.total.minor == sum(charges(quote)[:3])


def confirmed(quote: Quote) -> Order:
    order = order_of(quote)
    order = after(order, placement.reserve(order, {}))
    order = after(order, payment_rules.authorized(order, Authorization("pi_1", order.total, Risk.NORMAL)))
    return after(order, placement.confirm(order))


@unhurried
@given(quotes(), st.randoms(use_true_random=False))
def test_units_that_are_cancelled_one_by_one_in_any_order_come_to_the_whole(quote: Quote, dice: Random) -> None:
    order = confirmed(quote)
    singles = [line.sku for line in order.lines for _ in range(line.quantity)]
    dice.shuffle(singles)
    worths = []
    for n, sku in enumerate(singles):
        before = order.due.minor
        order = after(order, cancellation_rules.take(order, f"cancel_{n}", [Units(sku, 1)], ""))
        order = after(order, placement.release(order, f"cancel_{n}"))
        whole = order.cancellations[f"cancel_{n}"].whole
        order = after(order, payment_rules.voided(order)) if whole else order
        order = after(order, cancellation_rules.complete(order, f"cancel_{n}", ""))
        worths.append(before - order.due.minor)
    assert min(worths) >= 0
    assert sum(worths) == order.total.minor
    assert order.due.minor == 0
    assert order.payment.status is PaymentStatus.VOIDED


@unhurried
@given(quotes(), st.randoms(use_true_random=False))
def test_units_that_come_back_one_by_one_in_any_order_are_refunded_all_but_their_shipping(
    quote: Quote, dice: Random
) -> None:
    order = confirmed(quote)
    order = after(order, payment_rules.captured(order, order.due))
    shipped = tuple(replace(line, held=0, shipped=line.quantity) for line in order.lines)
    order = replace(order, lines=shipped, status=type(order.status).DELIVERED)
    singles = [line.sku for line in order.lines for _ in range(line.quantity)]
    dice.shuffle(singles)
    for n, sku in enumerate(singles):
        order = after(order, returns.authorize(order, f"rma_{n}", [Units(sku, 1)], "", NOON))
        order = after(order, returns.inspect(order, f"rma_{n}", {sku: ["new"]}))
        refund = payment_rules.refund_due(order, f"rma_{n}:refund")
        order = after(order, payment_rules.refunded(order, refund, f"rma_{n}:refund"))
        assert order.payment.captured - order.payment.refunded == order.due.minor
    assert order.due.minor == quote.shipping_minor + quote.shipping_tax_minor
