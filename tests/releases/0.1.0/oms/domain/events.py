"""The events of an order. Folding them in sequence gives the order's state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, ClassVar


@dataclass(frozen=True)
class Event:
    """Something that happened to an order. Its name, in the past tense, is stored: it never changes."""

    name: ClassVar[str]

    def __init_subclass__(cls, name: str = "") -> None:
        cls.name = name or cls.__name__

    def data(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as it is stored. The first of an order has sequence 1."""

    sequence: int
    at: datetime
    by: str
    event: Event


@dataclass(frozen=True, slots=True)
class Units:
    """A quantity of one SKU."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class QuotedUnits:
    """A quantity of one SKU, with its price: ``total_minor`` at the unit price, less the discount, plus tax.

    Orders of an early version were placed without prices.
    """

    sku: str
    quantity: int
    name: str = ""
    unit_price_minor: int = 0
    total_minor: int = 0
    discount_minor: int = 0
    tax_minor: int = 0

    @property
    def worth_minor(self) -> int:
        return self.total_minor - self.discount_minor + self.tax_minor


@dataclass(frozen=True, slots=True)
class PricedUnits:
    """A quantity of one SKU, reserved for the order at a price. ``total_minor`` is for all units."""

    sku: str
    quantity: int
    name: str
    unit_price_minor: int
    total_minor: int


@dataclass(frozen=True, slots=True)
class InspectedUnits:
    """The inspection of one SKU of a return: accepted units are refunded, restocked units are sold again."""

    sku: str
    accepted: int
    restocked: int
    rejected: int


@dataclass(frozen=True)
class OrderPlaced(Event):
    order_id: str
    customer_id: str
    currency: str
    lines: tuple[QuotedUnits, ...]
    payment_method: str
    recipient: Mapping[str, str]
    request_hash: str
    """Of the request's body: distinguishes a repeated request from a reused idempotency key."""
    request_id: str = ""
    """Of the request that placed the order; repetitions of the request have other ids."""
    shipping_method: str = ""
    shipping_minor: int = 0
    shipping_tax_minor: int = 0
    code: str = ""
    credit_minor: int = 0
    """The part of its total that store credit pays; a card pays the rest, if any."""


@dataclass(frozen=True)
class InventoryReserved(Event):
    lines: tuple[PricedUnits, ...]


@dataclass(frozen=True)
class InventoryReleased(Event):
    """``final`` refuses any later reservation. An order that holds nothing releases no lines."""

    lines: tuple[Units, ...]
    final: bool


@dataclass(frozen=True)
class PaymentAuthorized(Event):
    payment_id: str
    amount_minor: int
    risk: str


@dataclass(frozen=True)
class PaymentVoided(Event):
    """Recorded of an order that was never authorized too: it refuses a late authorization."""


@dataclass(frozen=True)
class PaymentCaptured(Event):
    amount_minor: int


@dataclass(frozen=True)
class PaymentRefunded(Event):
    effect_id: str
    amount_minor: int


@dataclass(frozen=True)
class CreditGiven(Event):
    """Store credit for the shopper: credit that the order doesn't need, or a refund as store credit."""

    effect_id: str
    amount_minor: int


@dataclass(frozen=True)
class ReviewRequested(Event):
    deadline: str
    """In ISO 8601, UTC."""


@dataclass(frozen=True)
class ReviewDecided(Event):
    approved: bool
    reviewer: str
    note: str


@dataclass(frozen=True)
class OrderConfirmed(Event):
    pass


@dataclass(frozen=True)
class OrderAbandoned(Event):
    """The order is being rejected: what it holds is about to be given back."""

    error: str


@dataclass(frozen=True)
class OrderRejected(Event):
    reason: str


@dataclass(frozen=True)
class CancellationStarted(Event):
    """The order is taken: only this cancellation moves it now. ``lines`` of a whole order are those that were open."""

    cancellation_id: str
    lines: tuple[Units, ...]
    whole: bool
    reason: str
    request_id: str = ""


@dataclass(frozen=True)
class CancellationRefused(Event):
    """The order is given back."""

    cancellation_id: str
    reason: str


@dataclass(frozen=True)
class LinesCancelled(Event):
    cancellation_id: str
    lines: tuple[Units, ...]


@dataclass(frozen=True)
class OrderCancelled(Event):
    cancellation_id: str
    reason: str


@dataclass(frozen=True)
class ShipmentRequested(Event):
    lines: tuple[Units, ...]


@dataclass(frozen=True)
class OrderShipped(Event):
    lines: tuple[Units, ...]
    tracking: str


@dataclass(frozen=True)
class OrderDelivered(Event):
    pass


@dataclass(frozen=True)
class OrderLost(Event):
    """The carrier lost the goods; their price is due back."""

    refund_minor: int


@dataclass(frozen=True)
class ReturnAuthorized(Event):
    return_id: str
    lines: tuple[Units, ...]
    reason: str
    deadline: str
    refund_to: str = "original_payment"
    request_id: str = ""


@dataclass(frozen=True)
class ItemsInspected(Event):
    """The parcel was inspected; the price of the accepted units is due back."""

    return_id: str
    lines: tuple[InspectedUnits, ...]
    refund_minor: int
    credit_minor: int = 0
    """The part of the refund that is store credit."""


@dataclass(frozen=True)
class ItemsRestocked(Event):
    return_id: str
    lines: tuple[Units, ...]


@dataclass(frozen=True)
class ReturnClosed(Event):
    return_id: str
    outcome: str


@dataclass(frozen=True)
class OrderParkedByExecution(Event, name="OrderParked"):
    """The order waits for an operator. ``visit`` is when the execution entered its parking state.

    Stored as ``OrderParked``, which is also the name of an error.
    """

    execution: str
    visit: str
    redrive_count: int
    error: str
    cause: str


@dataclass(frozen=True)
class OrderResumed(Event):
    execution: str
    visit: str
    redrive_count: int


@dataclass(frozen=True)
class RedriveRequested(Event):
    """An operator is about to redrive a parked execution. What the execution does then has events of its own."""

    execution: str
    reason: str = ""


@dataclass(frozen=True)
class ExecutionReplaced(Event):
    """An execution failed too long ago to be redriven: another takes over, or its work is done."""

    execution: str
    """``machine:name``, like the successor, which is empty if nothing is left to do."""
    successor: str


@dataclass(frozen=True)
class DiscrepancyFound(Event):
    """A check found that the order's records disagree: the order waits for an operator."""

    check: str
    what: str


@dataclass(frozen=True)
class DiscrepancySettled(Event):
    """The same check no longer finds a discrepancy."""

    check: str


@dataclass(frozen=True)
class DiscrepancyAccepted(Event):
    """An operator accepts what a check found: the same finding no longer parks the order."""

    check: str
    reason: str


@dataclass(frozen=True)
class OrderRepaired(Event):
    """A check repaired the order. The effect, if any, has an event of its own."""

    check: str
    what: str


@dataclass(frozen=True)
class PaymentDisputed(Event):
    """The shopper has disputed the payment with their bank. Nothing moves until the bank decides."""

    dispute_id: str
    amount_minor: int
    reason: str
    due_by: str
    """The deadline for evidence, in ISO 8601."""


@dataclass(frozen=True)
class DisputeClosed(Event):
    dispute_id: str
    outcome: str
    """The gateway's term: won, lost, warning_closed."""


@dataclass(frozen=True)
class InspectionReported(Event):
    """An operator reports the content of a parcel instead of the carrier. Nothing moves until it is inspected."""

    return_id: str
    reason: str


ANNOTATIONS = (
    InspectionReported,
    RedriveRequested,
    ExecutionReplaced,
    PaymentDisputed,
    DisputeClosed,
    DiscrepancyFound,
    DiscrepancySettled,
    DiscrepancyAccepted,
    OrderRepaired,
)
"""Events that don't move an order: observations of it, and intentions."""


TYPES: dict[str, type[Event]] = {kind.name: kind for kind in Event.__subclasses__()}

_LINES: dict[str, type[Any]] = {
    "OrderPlaced": QuotedUnits,
    "InventoryReserved": PricedUnits,
    "ItemsInspected": InspectedUnits,
}


def event_from(name: str, data: Mapping[str, Any]) -> Event:
    """The event of what ``data()`` returned. Fields that this version doesn't know are left out."""
    kind = TYPES[name]
    values = {field.name: data[field.name] for field in fields(kind) if field.name in data}
    if "lines" in values:
        line = _LINES.get(name, Units)
        values["lines"] = tuple(line(**units) for units in values["lines"])
    return kind(**values)
