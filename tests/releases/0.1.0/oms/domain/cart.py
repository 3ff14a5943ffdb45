"""A cart: what a shopper means to buy, at the prices that they saw. It reserves nothing and promises nothing.

It is read again against the catalogue and the stock whenever it is shown, and says what changed since.
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

MOST_LINES = 100
"""As many as an order may have."""
MOST_UNITS = 999
GUEST = "guest_"
"""How the id of somebody who isn't signed in begins."""
KEPT, GUEST_KEPT = timedelta(days=30), timedelta(days=7)
"""For so long after its last change."""


@dataclass(frozen=True, slots=True)
class CartLine:
    """``seen_minor`` is the unit price that the shopper was last shown, in ``currency``: empty in a line of an early
    version, which is of whichever its product is priced in."""

    sku: str
    quantity: int
    seen_minor: int
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Cart:
    """Lines in the order in which they came. ``version`` counts the writes: zero is a cart that isn't kept yet."""

    owner: str
    lines: tuple[CartLine, ...] = ()
    version: int = 0

    @property
    def currency(self) -> str:
        """That of all its lines; of nothing there is none."""
        return next((line.currency for line in self.lines if line.currency), "")

    def quantity(self, sku: str) -> int:
        return next((line.quantity for line in self.lines if line.sku == sku), 0)

    def units(self) -> tuple[Units, ...]:
        """As an order takes them."""
        return tuple(Units(line.sku, line.quantity) for line in self.lines)

    def expires_at(self, changed_at: datetime) -> datetime:
        return changed_at + (GUEST_KEPT if self.owner.startswith(GUEST) else KEPT)


class ChangeKind(StrEnum):
    GONE = "gone"
    PRICE = "price"
    SHORT = "short"


@dataclass(frozen=True, slots=True)
class CartChange:
    """What differs from what the shopper saw: the product is gone, or priced in another currency, which is the same to
    this cart; its price moved; or so few are left."""

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
    """The cart with so many of a product, at today's price; none takes it out.

    Raises ``InvalidRequest``, and ``WrongCurrency`` beside what is priced in another: no sum could be told of both.
    """
    if not quantity:
        return remove(cart, product.sku)
    if quantity > MOST_UNITS:
        raise InvalidRequest(f"a cart takes up to {MOST_UNITS} of one product")
    currency, others = product.price.currency, remove(cart, product.sku).currency
    if others not in ("", currency):
        raise WrongCurrency(f"{product.sku} is priced in {currency}, what is in the cart in {others}")
    line = CartLine(product.sku, quantity, product.price.minor, currency)
    if cart.quantity(product.sku):
        return replace(cart, lines=tuple(line if each.sku == product.sku else each for each in cart.lines))
    if len(cart.lines) >= MOST_LINES:
        raise InvalidRequest(f"a cart takes up to {MOST_LINES} products")
    return replace(cart, lines=(*cart.lines, line))


def remove(cart: Cart, sku: str) -> Cart:
    return replace(cart, lines=tuple(line for line in cart.lines if line.sku != sku))


def without(cart: Cart, units: Iterable[Units]) -> Cart:
    """The cart once these are ordered."""
    ordered = {each.sku for each in units}
    return replace(cart, lines=tuple(line for line in cart.lines if line.sku not in ordered))


def merge(cart: Cart, guests: Iterable[CartLine]) -> Cart:
    """The cart with a guest's lines. Of what is in both the larger number stays, so merging again changes nothing.

    What goes beyond a cart's size is left out, and so is what is in another currency than the cart.
    """
    theirs = tuple(guests)
    currency = cart.currency or Cart("", theirs).currency
    lines = {line.sku: line for line in cart.lines}
    for line in theirs:
        known = lines.get(line.sku)
        if known is None and len(lines) < MOST_LINES and line.currency in ("", currency):
            lines[line.sku] = replace(line, quantity=min(line.quantity, MOST_UNITS))
        elif known is not None:
            lines[line.sku] = replace(known, quantity=min(max(known.quantity, line.quantity), MOST_UNITS))
    return replace(cart, lines=tuple(lines.values()))


def reread(
    cart: Cart, products: Mapping[str, Product], stock: Mapping[str, Stock]
) -> tuple[Cart, tuple[CartChange, ...]]:
    """The cart at today's prices without what is gone, and what changed. A quantity that is short stays as asked."""
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
    """Raise unless there is something in the cart, and each of it still to be had at the price that was shown."""
    if not cart.lines:
        raise CartEmpty("there is nothing in the cart")
    _, changes = reread(cart, products, {})
    moved = [str(change) for change in changes if change.kind is not ChangeKind.SHORT]
    if moved:
        raise CartOutdated("; ".join(moved))
