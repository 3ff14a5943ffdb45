"""Orders for tests, built from the changes of the shop's own rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from oms.domain import cancellation_rules, payment_rules, placement, shipment_rules
from oms.domain.catalogue import Product
from oms.domain.change import Change, recorded
from oms.domain.events import QuotedUnits, Units
from oms.domain.fold import apply, placed
from oms.domain.money import Money
from oms.domain.order import Order
from oms.domain.payment import Authorization, Risk
from oms.domain.pricing import Quote

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CATALOGUE: Mapping[str, Product] = {
    sku: Product(sku, name, "HOME", "LIGHTING", "National", Money(minor, "USD"))
    for sku, name, minor in [("RED-LAMP", "Red lamp", 1999), ("BLUE-RUG", "Blue rug", 4550), ("TEA", "Tea", 333)]
}


def plainly(units: Iterable[Units], products: Mapping[str, Product] = CATALOGUE) -> Quote:
    """A quote at catalogue prices, without shipping and tax."""
    prices = {each.sku: products[each.sku].price.minor for each in units}
    lines = (
        QuotedUnits(
            each.sku, each.quantity, products[each.sku].name, prices[each.sku], prices[each.sku] * each.quantity
        )
        for each in units
    )
    return Quote("USD", tuple(lines), "standard", 0, 0)


def unpriced(units: Iterable[Units]) -> Quote:
    """A quote without prices, as orders of an early version were placed."""
    return Quote("USD", tuple(QuotedUnits(each.sku, each.quantity) for each in units), "", 0, 0)


def after(order: Order, *changes: Change) -> Order:
    """The order after these changes."""
    for change in changes:
        for each in recorded(order, change, NOON, "test"):
            order = apply(order, each)
    return order


def placed_order(*lines: tuple[str, int], order_id: str = "ord_1") -> Order:
    units = tuple(Units(sku, quantity) for sku, quantity in lines or (("RED-LAMP", 2), ("BLUE-RUG", 1)))
    return order_of(plainly(units), order_id)


def order_of(quote: Quote, order_id: str = "ord_1") -> Order:
    change = placement.place(order_id, "anna", quote, "pm_card_visa", {"name": "Anna"}, "hash")
    (first,) = recorded(None, change, NOON, "test")
    return placed(first)


def reserved_order(*lines: tuple[str, int], order_id: str = "ord_1") -> Order:
    order = placed_order(*lines, order_id=order_id)
    while not order.is_priced:
        order = after(order, placement.reserve(order, CATALOGUE))
    return order


def authorized_order(*lines: tuple[str, int], risk: Risk = Risk.NORMAL) -> Order:
    order = reserved_order(*lines)
    return after(order, payment_rules.authorized(order, Authorization("pi_1", order.total, risk)))


def confirmed_order(*lines: tuple[str, int]) -> Order:
    order = authorized_order(*lines)
    return after(order, placement.confirm(order))


def shipped_order(*lines: tuple[str, int]) -> Order:
    order = confirmed_order(*lines)
    order = after(order, shipment_rules.request_shipment(order, "token"))
    order = after(order, payment_rules.captured(order, order.due))
    while order.held_units():
        order = after(order, shipment_rules.ship(order, "TRACK-1"))
    return order


def delivered_order(*lines: tuple[str, int]) -> Order:
    order = shipped_order(*lines)
    return after(order, shipment_rules.deliver(order))


def taken_order(*lines: Units) -> Order:
    order = confirmed_order()
    return after(order, cancellation_rules.take(order, "cancel_1", lines, "changed my mind"))
