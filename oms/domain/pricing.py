"""The price of an order: goods at net prices, less a discount, plus shipping, plus tax on each line and on shipping.

All amounts are fixed when the order is placed, line by line, and sum exactly. Nothing is priced again later: the value
of a part of the order follows from its lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from oms.domain import credit, discounts, errors, shipping_and_tax
from oms.domain.catalogue import Product
from oms.domain.discounts import Discount
from oms.domain.events import QuotedUnits, Units
from oms.domain.money import Money, prorate


@dataclass(frozen=True, slots=True)
class Destination:
    """The destination that determines tax and shipping. ``region`` is a state's code, if the country has states."""

    country: str
    region: str = ""

    @classmethod
    def of(cls, recipient: Mapping[str, str]) -> Destination:
        return cls(recipient.get("country", ""), recipient.get("region", ""))


@dataclass(frozen=True)
class Quote:
    """The price of an order that may be placed. The amounts of its lines are for all of their units."""

    currency: str
    lines: tuple[QuotedUnits, ...]
    shipping_method: str
    shipping_minor: int
    shipping_tax_minor: int
    discount: Discount | None = None
    credit_minor: int = 0
    """The part of its total that store credit pays."""

    @property
    def credit(self) -> Money:
        return Money(self.credit_minor, self.currency)

    @property
    def code(self) -> str:
        return self.discount.code if self.discount else ""

    @property
    def total(self) -> Money:
        goods = sum(line.worth_minor for line in self.lines)
        return Money(goods + self.shipping_minor + self.shipping_tax_minor, self.currency)


def quote(
    lines: Sequence[Units],
    products: Mapping[str, Product],
    currency: str,
    destination: Destination,
    method: str | None = None,
    discount: Discount | None = None,
    *,
    now: datetime,
    balance_minor: int = 0,
) -> Quote:
    """Without a method, by the cheapest one. Of a balance of store credit, as much as possible is used.

    Raises ``UnknownSku``, ``WrongCurrency``, ``NotShippable``, ``CodeNotValid``, ``CodeUsedUp`` or, if the card would
    pay less than the payment gateway accepts, ``AmountTooSmall``.
    """
    _check(lines, products, currency)
    goods = [products[units.sku].price.minor * units.quantity for units in lines]
    off = _taken_off(discount, goods, currency, now)
    rate = _rate(destination, currency, method, sum(goods) - sum(off))
    shipping = rate.cost(sum(goods) - sum(off))
    made = Quote(
        currency=currency,
        lines=tuple(
            _quoted(units, products[units.sku], cost, less, destination)
            for units, cost, less in zip(lines, goods, off, strict=True)
        ),
        shipping_method=rate.method,
        shipping_minor=shipping,
        shipping_tax_minor=tax(shipping, destination, shipping_and_tax.DELIVERY),
        discount=discount,
    )
    least = Money(shipping_and_tax.LEAST.get(currency, 0), currency)
    made = replace(made, credit_minor=credit.usable_credit(balance_minor, made.total.minor, least.minor))
    if made.total.minor < least.minor and not made.credit_minor:
        raise errors.AmountTooSmall(f"the order comes to {made.total}: a card pays {least} or more")
    return made


def shipping_options(quoted: Quote, destination: Destination) -> Mapping[str, int]:
    """The price of each shipping method for the quoted goods, before tax."""
    goods = sum(line.total_minor - line.discount_minor for line in quoted.lines)
    offered = shipping_and_tax.shipping_rates(destination.country, quoted.currency)
    return {method: rate.cost(goods) for method, rate in offered.items()}


def tax(minor: int, destination: Destination, taxed_as: str) -> int:
    """The tax on a net amount; half a minor unit is rounded up."""
    rate = shipping_and_tax.tax_rate(destination.country, destination.region, taxed_as)
    return (minor * rate + 50_000) // 100_000


def _quoted(units: Units, product: Product, goods: int, off: int, destination: Destination) -> QuotedUnits:
    taxes = tax(goods - off, destination, shipping_and_tax.CLASSES.get(product.department, shipping_and_tax.GOODS))
    return QuotedUnits(units.sku, units.quantity, product.name, product.price.minor, goods, off, taxes)


def _taken_off(discount: Discount | None, goods: Sequence[int], currency: str, now: datetime) -> Sequence[int]:
    """Each line's share of the discount, never more than the line costs."""
    if discount is None:
        return [0] * len(goods)
    discounts.check(discount, sum(goods), currency, now)
    off = discount.off(sum(goods))
    return prorate(off, goods) if off else [0] * len(goods)


def _check(lines: Sequence[Units], products: Mapping[str, Product], currency: str) -> None:
    unknown = [units.sku for units in lines if units.sku not in products]
    if unknown:
        raise errors.UnknownSku(f"the catalogue has no {', '.join(unknown[:10])}")
    for units in lines:
        price = products[units.sku].price
        if price.currency != currency:
            raise errors.WrongCurrency(f"{units.sku} is priced in {price.currency}, the order is in {currency}")


def _rate(
    destination: Destination, currency: str, method: str | None, goods_minor: int
) -> shipping_and_tax.ShippingRate:
    offered = shipping_and_tax.shipping_rates(destination.country, currency)
    if method is None and offered:
        return min(offered.values(), key=lambda rate: rate.cost(goods_minor))
    if method is None or method not in offered:
        by = f" by {method}" if method else ""
        how = f": there is {', '.join(offered)}" if offered else ""
        raise errors.NotShippable(f"nothing paid in {currency} is shipped to {destination.country}{by}{how}")
    return offered[method]
