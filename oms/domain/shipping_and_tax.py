"""Tables of shipping prices and tax rates. A row for ``ANYWHERE`` applies if no row names the country.

The values are examples: replace them by your carrier's prices and your accountant's rates. Orders keep the amounts with
which they were placed, so a changed row affects later orders only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

ANYWHERE = "*"
GOODS, FOOD, DELIVERY = "goods", "food", "delivery"


@dataclass(frozen=True, slots=True)
class ShippingRate:
    """The price for a whole order, before tax. ``free_from_minor`` is a limit for its goods, less their discount."""

    method: str
    country: str
    currency: str
    price_minor: int
    free_from_minor: int | None = None

    def cost(self, goods_minor: int) -> int:
        free = self.free_from_minor is not None and goods_minor >= self.free_from_minor
        return 0 if free else self.price_minor


SHIPPING = (
    ShippingRate("standard", "US", "USD", 499, free_from_minor=3500),
    ShippingRate("express", "US", "USD", 1499),
    ShippingRate("standard", ANYWHERE, "USD", 1999, free_from_minor=15_000),
    ShippingRate("express", ANYWHERE, "USD", 3999),
    ShippingRate("standard", "DE", "EUR", 490, free_from_minor=3900),
    ShippingRate("express", "DE", "EUR", 1290),
    ShippingRate("standard", ANYWHERE, "EUR", 1490, free_from_minor=12_000),
    ShippingRate("express", ANYWHERE, "EUR", 3490),
)

TAXES: Mapping[tuple[str, str, str], int] = {
    ("US", "CA", GOODS): 7_250,
    ("US", "CA", FOOD): 0,
    ("US", "CA", DELIVERY): 0,
    ("US", "NY", GOODS): 8_875,
    ("US", "NY", FOOD): 0,
    ("US", "TX", GOODS): 6_250,
    ("US", "TX", FOOD): 0,
    ("US", "WA", GOODS): 6_500,
    ("US", "WA", FOOD): 0,
    ("DE", "", GOODS): 19_000,
    ("DE", "", FOOD): 7_000,
    ("IE", "", GOODS): 23_000,
    ("IE", "", FOOD): 0,
    ("IS", "", GOODS): 24_000,
    ("IS", "", FOOD): 11_000,
}
"""In thousandths of a percent, by country, region and class. A class without a rate is taxed as goods. Without a rate
for goods the shop collects no tax."""

FOODS = (
    "Grocery",
    "Produce",
    "Nutrition",
    "Meat",
    "Meat-Pckgd",
    "Deli",
    "Pastry",
    "Seafood",
    "Seafood-Pckgd",
    "Frozen Grocery",
)
CLASSES: Mapping[str, str] = dict.fromkeys(FOODS, FOOD)
"""The tax class of a department's products, unless it is goods."""

LEAST: Mapping[str, int] = {"USD": 50, "EUR": 50}
"""The smallest payment that the gateway accepts."""


def shipping_rates(country: str, currency: str) -> Mapping[str, ShippingRate]:
    """The available methods, with the rate of each."""
    rates: dict[str, ShippingRate] = {}
    for rate in SHIPPING:
        if rate.currency == currency and rate.country in (country, ANYWHERE):
            rates.setdefault(rate.method, rate)
    return rates


def tax_rate(country: str, region: str, taxed_as: str) -> int:
    """In thousandths of a percent."""
    return next((TAXES[key] for key in _keys(country, region.strip().upper(), taxed_as) if key in TAXES), 0)


def _keys(country: str, region: str, taxed_as: str) -> Iterator[tuple[str, str, str]]:
    for place in dict.fromkeys((region, "")):
        yield from ((country, place, kind) for kind in (taxed_as, GOODS))
