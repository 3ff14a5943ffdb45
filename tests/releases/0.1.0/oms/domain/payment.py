"""What was agreed to be paid, and what became of it."""

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

    It is all that a gateway needs to find the payment, or to keep it from ever coming to be. So a void needs no
    answer of the authorization, which is missing just when that call timed out after acting.
    """

    order_id: str
    amount: Money
    method: str
    agreed_at: datetime | None = field(default=None, compare=False)
    """When the order was placed: a gateway forgets keys, so an old payment is found by other means."""

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
    """What the gateway's books say of one payment, in minor units."""

    payment_id: str
    status: PaymentStatus
    currency: str
    authorized: int
    captured: int
    refunded: int
    refunds: tuple[str, ...] = ()
    """The effect ids of those that we asked for; ``refunded`` has whatever else was given back too."""
