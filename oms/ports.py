"""What the rules need from outside, as Protocols."""

from __future__ import annotations

from typing import Protocol

from oms.domain.money import Money
from oms.domain.payment import Authorization, PaymentRecord, PaymentRequest


class Payments(Protocol):
    """A payment gateway. Every call may be repeated: one effect a key, however often it is asked for.

    Any call may raise ``PaymentsUnavailable``: what it did is then unknown until it is asked again, or ``find``
    looks it up. ``PaymentsRefused`` is a call that the gateway should have taken: a defect.
    """

    def authorize(self, request: PaymentRequest) -> Authorization:
        """Hold the amount. Raises ``PaymentDeclined``; ``EffectRefused`` if it was voided, even before it came."""

    def void(self, request: PaymentRequest) -> None:
        """Let the hold go, or keep a late authorization from ever holding. Raises ``PaymentCaptured``."""

    def capture(self, request: PaymentRequest, amount: Money) -> None:
        """Take up to the authorized amount, once. Raises ``EffectRefused`` if it was voided."""

    def refund(self, request: PaymentRequest, amount: Money, effect_id: str) -> None:
        """Give back part of what was captured, once an effect id."""

    def find(self, request: PaymentRequest) -> PaymentRecord | None:
        """What the gateway's books say, or None where it never heard of the payment."""
