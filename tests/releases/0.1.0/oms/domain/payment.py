"""The data of a payment: the request, its authorization, and the gateway's record of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from oms.domain.money import Money


class PaymentStatus(StrEnum):
    NONE = "none"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    VOIDED = "voided"


class Risk(StrEnum):
    NORMAL = "normal"
    ELEVATED = "elevated"


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """What the shopper agreed to pay: the same for every call about one order.

    A gateway needs nothing else to find the payment, or to refuse it in future. So a void doesn't need the result of
    the authorization, which is missing if that call timed out after its effect.
    """

    order_id: str
    amount: Money
    method: str
    agreed_at: datetime | None = field(default=None, compare=False)
    """When the order was placed. A gateway forgets old keys, so an old payment is found by its time."""

    @property
    def key(self) -> str:
        """The effect id of the authorization, and its idempotency key at the gateway."""
        return f"{self.order_id}:authorize"


@dataclass(frozen=True, slots=True)
class Authorization:
    payment_id: str
    amount: Money
    risk: Risk


@dataclass(frozen=True, slots=True)
class PaymentRecord:
    """The gateway's record of one payment, in minor units."""

    payment_id: str
    status: PaymentStatus
    currency: str
    authorized: int
    captured: int
    refunded: int
    refunds: tuple[str, ...] = ()
    """The effect ids of our refunds. ``refunded`` includes refunds that were made at the gateway by hand."""
