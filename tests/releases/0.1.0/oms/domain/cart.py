"""A cart: the products that a shopper may buy, with the prices that they saw. It reserves nothing.

Whenever it is shown it is compared with the catalogue and the stock, and lists what has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from oms.domain.catalogue import Product
from oms.domain.errors import CartEmpty, CartOutdated, InvalidRequest, WrongCurrency
from oms.domain.events import Units
from oms.domain.inventory import Stock

MAX_LINES = 100
"""The limit of an order too."""
MAX_UNITS = 999
GUEST = "guest_"
"""Prefix of the id of a shopper who isn't signed in."""
RETENTION, GUEST_RETENTION = timedelta(days=30), timedelta(days=7)
"""After the last change."""


@dataclass(frozen=True, slots=True)
class CartLine:
    """``seen_minor`` is the unit price that the shopper last saw, in ``currency``. It is empty in lines of an
    early version: theirs is that of their product."""

    sku: str
    quantity: int
    seen_minor: int
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Cart:
    """Lines in the order in which they were added. ``version`` counts the writes: a cart that isn't stored has zero."""

    owner: str
    lines: tuple[CartLine, ...] = ()
    version: int = 0

    @property
    def currency(self) -> str:
        """Of all lines; empty for an empty cart."""
        return next((line.currency for line in self.lines if line.currency), "")

    def quantity(self, sku: str) -> int:
        return next((line.quantity for line in self.lines if line.sku == sku), 0)

    def units(self) -> tuple[Units, ...]:
        """As lines of an order."""
        return tuple(Units(line.sku, line.quantity) for line in self.lines)

    def expires_at(self, changed_at: datetime) -> datetime:
        return changed_at + (GUEST_RETENTION if self.owner.startswith(GUEST) else RETENTION)


class ChangeKind(StrEnum):
    GONE = "gone"
    PRICE = "price"
    SHORT = "short"


@dataclass(frozen=True, slots=True)
class CartChange:
    """A difference from what the shopper saw: the product is gone, or is priced in another currency now; its price has
    changed; or fewer units are left."""

    sku: str
    kind: ChangeKind
    before: int = 0
    now: int = 0

    def __str__(self) -> str:
        match self.kind:
            case ChangeKind.GONE:
                return f"{self.sku} is gone"
            case ChangeKind.PRICE:
                return f"{self.sku} costs {self.now}, no longer {self.before}"
        return f"of {self.sku} {self.now} are left, not {self.before}"


def put(cart: Cart, product: Product, quantity: int) -> Cart:
    """The cart with a quantity of a product, at its current price. Zero removes the product.

    Raises ``InvalidRequest``, and ``WrongCurrency`` if the other lines are priced in another currency.
    """
    if not quantity:
        return remove(cart, product.sku)
    if quantity > MAX_UNITS:
        raise InvalidRequest(f"a cart takes up to {MAX_UNITS} of one product")
    currency, others = product.price.currency, remove(cart, product.sku).currency
    if others not in ("", currency):
        raise WrongCurrency(f"{product.sku} is priced in {currency}, what is in the cart in {others}")
    line = CartLine(product.sku, quantity, product.price.minor, currency)
    if cart.quantity(product.sku):
        return replace(cart, lines=tuple(line if each.sku == product.sku else each for each in cart.lines))
    if len(cart.lines) >= MAX_LINES:
        raise InvalidRequest(f"a cart takes up to {MAX_LINES} products")
    return replace(cart, lines=(*cart.lines, line))


def remove(cart: Cart, sku: str) -> Cart:
    return replace(cart, lines=tuple(line for line in cart.lines if line.sku != sku))


def without(cart: Cart, units: Iterable[Units]) -> Cart:
    """The cart after these units were ordered."""
    ordered = {each.sku for each in units}
    return replace(cart, lines=tuple(line for line in cart.lines if line.sku not in ordered))


def merge(cart: Cart, guests: Iterable[CartLine]) -> Cart:
    """The cart with a guest's lines. Of a product in both, the larger quantity stays: merging again changes nothing.

    Lines beyond the limit, or in another currency than the cart, are left out.
    """
    theirs = tuple(guests)
    currency = cart.currency or Cart("", theirs).currency
    lines = {line.sku: line for line in cart.lines}
    for line in theirs:
        existing = lines.get(line.sku)
        if existing is None and len(lines) < MAX_LINES and line.currency in ("", currency):
            lines[line.sku] = replace(line, quantity=min(line.quantity, MAX_UNITS))
        elif existing is not None:
            lines[line.sku] = replace(existing, quantity=min(max(existing.quantity, line.quantity), MAX_UNITS))
    return replace(cart, lines=tuple(lines.values()))


def reread(
    cart: Cart, products: Mapping[str, Product], stock: Mapping[str, Stock]
) -> tuple[Cart, tuple[CartChange, ...]]:
    """The cart at current prices, without products that are gone, and the changes. A quantity that is short stays."""
    lines: list[CartLine] = []
    changes: list[CartChange] = []
    for line in cart.lines:
        product = products.get(line.sku)
        if product is None or line.currency not in ("", product.price.currency):
            changes.append(CartChange(line.sku, ChangeKind.GONE, line.quantity))
            continue
        if product.price.minor != line.seen_minor:
            changes.append(CartChange(line.sku, ChangeKind.PRICE, line.seen_minor, product.price.minor))
        available = stock[line.sku].available if line.sku in stock else 0
        if available < line.quantity:
            changes.append(CartChange(line.sku, ChangeKind.SHORT, line.quantity, available))
        lines.append(replace(line, seen_minor=product.price.minor, currency=product.price.currency))
    return replace(cart, lines=tuple(lines)), tuple(changes)


def check_as_seen(cart: Cart, products: Mapping[str, Product]) -> None:
    """Raises if the cart is empty, or a product is gone or has another price than the shopper saw."""
    if not cart.lines:
        raise CartEmpty("there is nothing in the cart")
    _, changes = reread(cart, products, {})
    moved = [str(change) for change in changes if change.kind is not ChangeKind.SHORT]
    if moved:
        raise CartOutdated("; ".join(moved))
