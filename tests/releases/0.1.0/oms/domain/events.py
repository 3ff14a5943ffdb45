"""What can happen to an order. Folding an order's events, in their order, gives its state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Event:
    """Something that happened, in the past tense. The class name is the event's name on the stream."""

    @property
    def name(self) -> str:
        return type(self).__name__

    def data(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event with its place in the order's life: the first has sequence 1."""

    sequence: int
    at: datetime
    by: str
    event: Event


@dataclass(frozen=True, slots=True)
class Units:
    """So many of one SKU."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class QuotedUnits:
    """So many of one SKU, with what all of them cost: ``total_minor`` at the unit price, less the discount, plus tax.

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
    """So many of one SKU, held for the order at a price. ``total_minor`` is for all of them."""

    sku: str
    quantity: int
    name: str
    unit_price_minor: int
    total_minor: int


@dataclass(frozen=True, slots=True)
class InspectedUnits:
    """What became of one SKU of a returned parcel: accepted units are refunded, restocked ones sold again."""

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
    """Of the request's body, to tell a repeated idempotency key from a reused one."""
    request_id: str = ""
    """Of the request that placed it; its repetitions have others."""
    shipping_method: str = ""
    shipping_minor: int = 0
    shipping_tax_minor: int = 0
    code: str = ""
    credit_minor: int = 0
    """What of its total is paid with store credit; a card pays the rest, if there is any."""


@dataclass(frozen=True)
class InventoryReserved(Event):
    lines: tuple[PricedUnits, ...]


@dataclass(frozen=True)
class InventoryReleased(Event):
    """``final`` keeps any later reservation out, also of an order that holds nothing and so releases no lines."""

    lines: tuple[Units, ...]
    final: bool


@dataclass(frozen=True)
class PaymentAuthorized(Event):
    payment_id: str
    amount_minor: int
    risk: str


@dataclass(frozen=True)
class PaymentVoided(Event):
    """Of an order that was never authorized too: it keeps a late authorization out."""


@dataclass(frozen=True)
class PaymentCaptured(Event):
    amount_minor: int


@dataclass(frozen=True)
class PaymentRefunded(Event):
    effect_id: str
    amount_minor: int


@dataclass(frozen=True)
class CreditGiven(Event):
    """Store credit for the shopper: what the order was paid with and doesn't need, or a refund that is made so."""

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
    """The order goes no further: what it holds is about to be given back."""

    error: str


@dataclass(frozen=True)
class OrderRejected(Event):
    reason: str


@dataclass(frozen=True)
class CancellationStarted(Event):
    """The order is taken: nothing but this cancellation moves it now. Of a whole order, lines is what was open."""

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
    """The carrier lost the goods; their value is due back."""

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
    """The parcel came and was looked at; what is accepted is due back."""

    return_id: str
    lines: tuple[InspectedUnits, ...]
    refund_minor: int
    credit_minor: int = 0
    """What of the refund is given as store credit."""


@dataclass(frozen=True)
class ItemsRestocked(Event):
    return_id: str
    lines: tuple[Units, ...]


@dataclass(frozen=True)
class ReturnClosed(Event):
    return_id: str
    outcome: str


@dataclass(frozen=True)
class OrderParked(Event):
    """The order waits for an operator. ``visit`` is when the execution entered its parking state."""

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
    """Somebody is about to redrive a parked execution. It moves nothing: what the execution does then has events."""

    execution: str
    reason: str = ""


@dataclass(frozen=True)
class ExecutionReplaced(Event):
    """An execution failed so long ago that it can't be redriven: another does what it left, or its work is done."""

    execution: str
    """``machine:name``, and so is the successor; that is empty where nothing is left to do."""
    successor: str


@dataclass(frozen=True)
class DiscrepancyFound(Event):
    """A check of all books found that this order's don't agree: it waits for an operator, parked by that check."""

    check: str
    what: str


@dataclass(frozen=True)
class DiscrepancySettled(Event):
    """The same check finds nothing wrong any more."""

    check: str


@dataclass(frozen=True)
class DiscrepancyAccepted(Event):
    """An operator has looked at what a check found, and it may stay so: that very finding parks the order no more."""

    check: str
    reason: str


@dataclass(frozen=True)
class OrderRepaired(Event):
    """A check did what should have been done. It moves nothing: the effect, if any, has an event of its own."""

    check: str
    what: str


@dataclass(frozen=True)
class PaymentDisputed(Event):
    """The shopper's bank asks what the payment was for. It moves nothing until the bank decides."""

    dispute_id: str
    amount_minor: int
    reason: str
    due_by: str
    """Until when the bank takes evidence, in ISO 8601."""


@dataclass(frozen=True)
class DisputeClosed(Event):
    dispute_id: str
    outcome: str
    """In the gateway's words: won, lost, warning_closed."""


@dataclass(frozen=True)
class InspectionReported(Event):
    """A person says what is in a parcel, instead of the carrier. It moves nothing until it is decided on."""

    return_id: str
    reason: str


NOTES = (
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
"""Events that tell of looking at an order, not of its moving."""


TYPES: dict[str, type[Event]] = {kind.__name__: kind for kind in Event.__subclasses__()}

_LINES: dict[str, type[Any]] = {
    "OrderPlaced": QuotedUnits,
    "InventoryReserved": PricedUnits,
    "ItemsInspected": InspectedUnits,
}


def event_from(name: str, data: Mapping[str, Any]) -> Event:
    """The event that ``data()`` gave; fields that this version doesn't know are left out."""
    kind = TYPES[name]
    known = {field.name: data[field.name] for field in fields(kind) if field.name in data}
    if "lines" in known:
        line = _LINES.get(name, Units)
        known["lines"] = tuple(line(**units) for units in known["lines"])
    return kind(**known)
