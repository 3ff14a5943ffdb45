"""An order: its state. ``fold`` says how each event changes it."""

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
from oms.domain.fast_replace import replace
from oms.domain.money import Money, slice_of
from oms.domain.payment import PaymentRequest, PaymentStatus, Risk


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
    """A quantity of one SKU, and how many of its units are in each state.

    The amounts are for all units. A line is ``priced`` once it was reserved; ``held`` units are reserved now.
    ``cancelled`` and ``returned`` units are no longer the shopper's; ``returning`` ones are on their way back.
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
    def given_up(self) -> int:
        """Units that are no longer the shopper's."""
        return self.cancelled + self.returned

    @property
    def returnable(self) -> int:
        return self.shipped - self.returning - self.returned

    @property
    def worth_minor(self) -> int:
        """What the shopper pays for the line: less its discount, plus its tax."""
        return self.total_minor - self.discount_minor + self.tax_minor

    @property
    def remaining_minor(self) -> int:
        """The value of the units that are still the shopper's."""
        return self.value(self.given_up, self.quantity - self.given_up)

    def value(self, first: int, count: int) -> int:
        """The value of ``count`` units after the ``first`` ones. Consecutive values sum to the whole line's."""
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
    """A cancellation of all open lines or of some. ``outcome`` is empty until it ends."""

    cancellation_id: str
    lines: tuple[Units, ...]
    whole: bool
    outcome: str = ""


@dataclass(frozen=True)
class Return:
    """A return (RMA). Its inspection sets ``refund_minor``, and ``credit_minor``: the part that is store credit."""

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
        """The part of ``to_restock`` that isn't back in stock yet."""
        return tuple(units for units in self.to_restock if units not in self.shelved)

    @property
    def refund_id(self) -> str:
        """The effect id of its refund, in each ledger."""
        return f"{self.return_id}:refund"


@dataclass(frozen=True)
class Dispute:
    """``outcome`` is empty until the bank decides."""

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
    """The fold of an order's events. ``version`` is the sequence number of the last one."""

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
    """The discount code that it was placed with. It gives its use back if it is rejected, cancelled or lost."""
    credit_minor: int = 0
    """The part of its total that store credit pays: spent when it was placed."""
    version: int = 1
    status: Status = Status.PLACED
    abandoned: bool = False
    """It is being rejected: what it holds is given back."""
    released: bool = False
    """Any later reservation is refused."""
    payment: Payment = Payment()
    review: Review | None = None
    shipment: ShipmentStatus = ShipmentStatus.NONE
    asked_to_ship: tuple[Units, ...] = ()
    """The units of the shipment request. A cancellation of lines recalls some of them."""
    tracking: str = ""
    taken_by: str | None = None
    """The cancellation that holds the order."""
    cancellations: Mapping[str, Cancellation] = field(default_factory=dict)
    returns: Mapping[str, Return] = field(default_factory=dict)
    refunds: Mapping[str, int] = field(default_factory=dict)
    """Refunds to the card, by effect id."""
    credits: Mapping[str, int] = field(default_factory=dict)
    """Store credit given to the shopper, by effect id."""
    parked: Mapping[str, Parked] = field(default_factory=dict)
    """By the execution that failed, or by the check that found a discrepancy: each waits for an operator."""
    resumed: Mapping[str, str] = field(default_factory=dict)
    """By execution: the last visit to its parking state that was resumed."""
    accepted: Mapping[str, str] = field(default_factory=dict)
    """By check: the finding that an operator has accepted."""
    replaced: Mapping[str, str] = field(default_factory=dict)
    """By ``machine:name`` of an execution too old for a redrive: its successor, or empty if nothing was left."""
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
        """True if it was placed with prices. An order of an early version gets its prices when it is reserved."""
        return bool(self.shipping_method)

    @property
    def total(self) -> Money:
        """The price of the order as it was placed, whatever was cancelled since."""
        lines = sum(line.worth_minor for line in self.lines)
        return Money(lines + self.shipping_minor + self.shipping_tax_minor, self.currency)

    @property
    def due(self) -> Money:
        """The price of what is still the shopper's. Shipping is due unless every unit is cancelled."""
        shipping = self.shipping_minor + self.shipping_tax_minor if any(line.open for line in self.lines) else 0
        return Money(sum(line.remaining_minor for line in self.lines) + shipping, self.currency)

    @property
    def charge(self) -> Money:
        """The part of the total that a card pays: the amount to authorize. The gateway isn't called about zero."""
        return Money(self.total.minor - self.credit_minor, self.currency)

    @property
    def to_capture(self) -> Money:
        """The part of what is due that the card pays. A cancelled line reduces the store credit first."""
        return Money(min(self.due.minor, self.charge.minor), self.currency)

    @property
    def credited(self) -> int:
        """The store credit that was given back for the order."""
        return sum(self.credits.values())

    @property
    def net_paid(self) -> Money:
        """What was paid, by card and with store credit, less what was given back."""
        paid = self.payment.captured + self.credit_minor
        return Money(paid - self.payment.refunded - self.credited, self.currency)

    @property
    def credit_held(self) -> int:
        """The store credit that paid the order and may still be given back, beyond what its returns will give back."""
        promised = {each.refund_id: each.credit_minor for each in self.returns.values()}
        given_back = {**self.credits, **promised}
        return max(0, self.credit_minor - sum(given_back.values()))

    def is_refunded(self, effect_id: str) -> bool:
        return effect_id in self.refunds or effect_id in self.credits

    @property
    def payment_request(self) -> PaymentRequest:
        return PaymentRequest(self.id, self.charge, self.payment_method, self.placed_at)

    @property
    def is_approved(self) -> bool:
        return self.review is not None and self.review.approved is True

    def current_execution_name(self, machine: str, name: str) -> str:
        """The name of an execution, or of its last successor if it was replaced."""
        while self.replaced.get(f"{machine}:{name}", "").startswith(f"{machine}:"):
            name = self.replaced[f"{machine}:{name}"].partition(":")[2]
        return name

    def code_given_back(self) -> tuple[CodeUse, ...]:
        """For the change that rejects, cancels or loses the order."""
        return give_back(self.code, self.id, self.customer_id)

    def line(self, sku: str) -> Line | None:
        return next((line for line in self.lines if line.sku == sku), None)

    def open_units(self) -> tuple[Units, ...]:
        return tuple(Units(line.sku, line.open) for line in self.lines if line.open)

    def held_units(self) -> tuple[Units, ...]:
        return tuple(Units(line.sku, line.held) for line in self.lines if line.held)


def check_free_to_move(order: Order) -> None:
    """Raises ``OrderClosed`` or ``OrderTaken`` if the order can't move forward."""
    if order.status.is_closed or order.abandoned:
        raise OrderClosed(f"order {order.id} is {order.status if order.status.is_closed else 'being rejected'}")
    if order.taken_by:
        raise OrderTaken(f"order {order.id} is being cancelled by {order.taken_by}")


def duplicate_sku(lines: Iterable[Units]) -> str | None:
    """A SKU that is in more than one line. Each line may be available alone, and their sum not."""
    skus = [units.sku for units in lines]
    return next((sku for sku in skus if skus.count(sku) > 1), None)


def execution_key(execution: str) -> str:
    """``machine:name`` of an execution's ARN. A deployment may prefix the state machine with the shop's name."""
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
    """The order, with each line's counters changed by ``deltas`` times its units."""
    by_sku = {each.sku: each.quantity for each in units}

    def moved(line: Line) -> Line:
        count = by_sku.get(line.sku, 0)
        changed: dict[str, Any] = {name: getattr(line, name) + delta * count for name, delta in deltas.items()}
        return replace(line, **changed) if count else line

    return replace(order, lines=tuple(moved(line) for line in order.lines))
