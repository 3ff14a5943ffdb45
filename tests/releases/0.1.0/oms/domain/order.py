"""An order: its state, and how each event changes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from oms.domain.credit import RefundTo
from oms.domain.discounts import CodeUse, give_back
from oms.domain.errors import OrderClosed, OrderTaken
from oms.domain.events import PricedUnits, Units
from oms.domain.money import Money, slice_of
from oms.domain.payment import PaymentRequest, PaymentStatus, Risk
from oms.domain.records import replace


class Status(StrEnum):
    """How far an order has come."""

    PLACED = "placed"
    RESERVED = "reserved"
    AUTHORIZED = "authorized"
    CONFIRMED = "confirmed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    LOST = "lost"

    @property
    def is_closed(self) -> bool:
        return self in (Status.CANCELLED, Status.REJECTED, Status.LOST)


class ShipmentStatus(StrEnum):
    NONE = "none"
    REQUESTED = "requested"
    DISPATCHED = "dispatched"
    DELIVERED = "delivered"
    LOST = "lost"


class ReturnStatus(StrEnum):
    AUTHORIZED = "authorized"
    INSPECTED = "inspected"
    CLOSED = "closed"


@dataclass(frozen=True)
class Line:
    """So many of one SKU, and what became of them, in units.

    The amounts are for all units. A line is ``priced`` once it was reserved; ``held`` is reserved right now.
    ``cancelled`` and ``returned`` units are no longer the shopper's; ``returning`` ones are under way back.
    """

    sku: str
    quantity: int
    name: str = ""
    unit_price_minor: int = 0
    total_minor: int = 0
    discount_minor: int = 0
    tax_minor: int = 0
    priced: bool = False
    held: int = 0
    cancelled: int = 0
    shipped: int = 0
    returning: int = 0
    returned: int = 0

    @property
    def open(self) -> int:
        return self.quantity - self.cancelled

    @property
    def gone(self) -> int:
        return self.cancelled + self.returned

    @property
    def returnable(self) -> int:
        return self.shipped - self.returning - self.returned

    @property
    def worth_minor(self) -> int:
        """What the shopper pays for it: less its discount, with its tax."""
        return self.total_minor - self.discount_minor + self.tax_minor

    @property
    def kept_minor(self) -> int:
        """The value of the units that are still the shopper's."""
        return self.value(self.gone, self.quantity - self.gone)

    def value(self, first: int, count: int) -> int:
        """What ``count`` units are worth, after ``first`` of them went: in any order all of them come to the whole."""
        return slice_of(self.worth_minor, self.quantity, first, count)


@dataclass(frozen=True)
class Payment:
    """The order's own record of its payment, in minor units."""

    status: PaymentStatus = PaymentStatus.NONE
    payment_id: str = ""
    risk: Risk = Risk.NORMAL
    authorized: int = 0
    captured: int = 0
    refunded: int = 0


@dataclass(frozen=True)
class Review:
    deadline: str
    approved: bool | None = None


@dataclass(frozen=True)
class Cancellation:
    """A request to cancel, of all open lines or of some. ``outcome`` is empty while it is under way."""

    cancellation_id: str
    lines: tuple[Units, ...]
    whole: bool
    outcome: str = ""


@dataclass(frozen=True)
class Return:
    """A return (RMA). ``refund_minor``, and ``credit_minor`` of it, are set once its parcel was inspected."""

    return_id: str
    lines: tuple[Units, ...]
    deadline: str
    refund_to: RefundTo = RefundTo.ORIGINAL_PAYMENT
    status: ReturnStatus = ReturnStatus.AUTHORIZED
    accepted: tuple[Units, ...] = ()
    to_restock: tuple[Units, ...] = ()
    refund_minor: int = 0
    credit_minor: int = 0
    shelved: tuple[Units, ...] = ()
    outcome: str = ""

    @property
    def to_shelve(self) -> tuple[Units, ...]:
        """What of ``to_restock`` isn't back on the shelf yet."""
        return tuple(units for units in self.to_restock if units not in self.shelved)

    @property
    def refund_id(self) -> str:
        """The effect id of its refund, in whichever ledgers that is."""
        return f"{self.return_id}:refund"


@dataclass(frozen=True)
class Dispute:
    """``outcome`` is empty while the bank decides."""

    due_by: str = ""
    outcome: str = ""


@dataclass(frozen=True)
class Parked:
    visit: str
    redrive_count: int
    error: str
    cause: str
    at: datetime


@dataclass(frozen=True)
class Order:
    """The fold of an order's events. ``version`` is the sequence of the last one."""

    id: str
    customer_id: str
    currency: str
    lines: tuple[Line, ...]
    payment_method: str
    recipient: Mapping[str, str]
    request_hash: str
    placed_at: datetime
    request_id: str = ""
    """Of the request that placed it."""
    shipping_method: str = ""
    shipping_minor: int = 0
    shipping_tax_minor: int = 0
    code: str = ""
    """The discount code that it was placed with; it holds a use of it until it ends in nothing."""
    credit_minor: int = 0
    """What of its total store credit pays: taken as it was placed."""
    version: int = 1
    status: Status = Status.PLACED
    abandoned: bool = False
    """It goes no further: what it holds is being given back."""
    released: bool = False
    """No reservation may come any more."""
    payment: Payment = Payment()
    review: Review | None = None
    shipment: ShipmentStatus = ShipmentStatus.NONE
    asked_to_ship: tuple[Units, ...] = ()
    """What the carrier was asked for, once and for all; a cancellation by line is a recall of some of it."""
    tracking: str = ""
    taken_by: str | None = None
    """The cancellation that holds the order."""
    cancellations: Mapping[str, Cancellation] = field(default_factory=dict)
    returns: Mapping[str, Return] = field(default_factory=dict)
    refunds: Mapping[str, int] = field(default_factory=dict)
    """To the card, by effect id."""
    credits: Mapping[str, int] = field(default_factory=dict)
    """To the shopper's store credit, by effect id."""
    parked: Mapping[str, Parked] = field(default_factory=dict)
    """By execution: each that failed waits for an operator. Or by the check that found its books to disagree."""
    resumed: Mapping[str, str] = field(default_factory=dict)
    """By execution: the last visit to its parking state that an operator resumed from."""
    accepted: Mapping[str, str] = field(default_factory=dict)
    """By check: what it found that an operator has settled by hand."""
    replaced: Mapping[str, str] = field(default_factory=dict)
    """By ``machine:name`` of an execution that is past redriving: what does its work instead, or nothing."""
    disputes: Mapping[str, Dispute] = field(default_factory=dict)
    reason: str = ""

    @property
    def number(self) -> str:
        """The order's number for people: ten letters and digits of its id, in two groups."""
        digits = self.id.removeprefix("ord_").upper()[:10]
        return f"{digits[:5]}-{digits[5:]}"

    @property
    def is_priced(self) -> bool:
        return all(line.priced for line in self.lines)

    @property
    def is_quoted(self) -> bool:
        """True of an order that was placed at prices; one of an early version is priced as it is reserved."""
        return bool(self.shipping_method)

    @property
    def total(self) -> Money:
        """What was ordered costs this, whatever was cancelled since."""
        lines = sum(line.worth_minor for line in self.lines)
        return Money(lines + self.shipping_minor + self.shipping_tax_minor, self.currency)

    @property
    def due(self) -> Money:
        """What is still the shopper's costs this. Shipping is due while anything isn't cancelled, sent back or not."""
        shipping = self.shipping_minor + self.shipping_tax_minor if any(line.open for line in self.lines) else 0
        return Money(sum(line.kept_minor for line in self.lines) + shipping, self.currency)

    @property
    def charge(self) -> Money:
        """What a card pays of the total: the amount that is authorized. Of nothing the gateway is told nothing."""
        return Money(self.total.minor - self.credit_minor, self.currency)

    @property
    def to_capture(self) -> Money:
        """What the card pays of what is still due: what costs less takes less store credit first."""
        return Money(min(self.due.minor, self.charge.minor), self.currency)

    @property
    def credited(self) -> int:
        """So much store credit was given for it."""
        return sum(self.credits.values())

    @property
    def kept(self) -> Money:
        """What was paid, by card and with store credit, and not given back."""
        paid = self.payment.captured + self.credit_minor
        return Money(paid - self.payment.refunded - self.credited, self.currency)

    @property
    def credit_held(self) -> int:
        """What it was paid with and may yet give back, beside what returns were promised as store credit."""
        promised = {known.refund_id: known.credit_minor for known in self.returns.values()}
        given = {**self.credits, **promised}
        return max(0, self.credit_minor - sum(given.values()))

    def is_refunded(self, effect_id: str) -> bool:
        return effect_id in self.refunds or effect_id in self.credits

    @property
    def payment_request(self) -> PaymentRequest:
        return PaymentRequest(self.id, self.charge, self.payment_method, self.placed_at)

    @property
    def is_approved(self) -> bool:
        return self.review is not None and self.review.approved is True

    def works_as(self, machine: str, name: str) -> str:
        """The name of the execution that does the work of this one: its own, or the last successor's."""
        while self.replaced.get(f"{machine}:{name}", "").startswith(f"{machine}:"):
            name = self.replaced[f"{machine}:{name}"].partition(":")[2]
        return name

    def code_given_back(self) -> tuple[CodeUse, ...]:
        """For the change that ends the order in nothing."""
        return give_back(self.code, self.id, self.customer_id)

    def line(self, sku: str) -> Line | None:
        return next((line for line in self.lines if line.sku == sku), None)

    def open_units(self) -> tuple[Units, ...]:
        return tuple(Units(line.sku, line.open) for line in self.lines if line.open)

    def held_units(self) -> tuple[Units, ...]:
        return tuple(Units(line.sku, line.held) for line in self.lines if line.held)


def guard(order: Order) -> None:
    """Raise unless the order is free to be moved forward."""
    if order.status.is_closed or order.abandoned:
        raise OrderClosed(f"order {order.id} is {order.status if order.status.is_closed else 'being rejected'}")
    if order.taken_by:
        raise OrderTaken(f"order {order.id} is being cancelled by {order.taken_by}")


def named_twice(lines: Iterable[Units]) -> str | None:
    """A SKU that more than one of the lines is of: each alone may be had, and all of them too many."""
    skus = [units.sku for units in lines]
    return next((sku for sku in skus if skus.count(sku) > 1), None)


def called(execution: str) -> str:
    """``machine:name`` of an execution's ARN; a deployment may put its shop's name before the machine's."""
    machine, _, name = execution.partition(":execution:")[2].rpartition(":")
    return f"{machine.rpartition('-')[2]}:{name}"


def price(line: Line, priced: PricedUnits) -> Line:
    return replace(
        line,
        name=priced.name,
        unit_price_minor=priced.unit_price_minor,
        total_minor=priced.total_minor,
        priced=True,
        held=line.open,
    )


def with_units(order: Order, units: Iterable[Units], **deltas: int) -> Order:
    """The order with each line's counters moved by ``deltas`` times its units."""
    by_sku = {each.sku: each.quantity for each in units}

    def moved(line: Line) -> Line:
        count = by_sku.get(line.sku, 0)
        changed: dict[str, Any] = {name: getattr(line, name) + delta * count for name, delta in deltas.items()}
        return replace(line, **changed) if count else line

    return replace(order, lines=tuple(moved(line) for line in order.lines))
