"""A payment gateway in memory, with Stripe's test cards, a ledger, and faults on demand: for tests and the explorer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import RLock
from typing import TypeVar

from oms.domain.errors import (
    AlreadyCaptured,
    EffectRefused,
    OmsError,
    PaymentDeclined,
    PaymentsRefused,
    PaymentsUnavailable,
)
from oms.domain.money import Money
from oms.domain.payment import Authorization, PaymentRecord, PaymentRequest, PaymentStatus, Risk

T = TypeVar("T")

OPERATIONS = ("authorize", "void", "capture", "refund", "find", "order_of")
_GOOD = {"pm_card_visa", "pm_card_mastercard", "pm_card_amex"}
_ELEVATED = {"pm_card_riskLevelElevated"}
_DECLINED = {
    "pm_card_chargeDeclined": "generic_decline",
    "pm_card_visa_chargeDeclined": "generic_decline",
    "pm_card_chargeDeclinedInsufficientFunds": "insufficient_funds",
    "pm_card_chargeDeclinedProcessingError": "processing_error",
    "pm_card_chargeDeclinedExpiredCard": "expired_card",
    "pm_card_authenticationRequired": "authentication_required",
}


@dataclass(frozen=True, slots=True)
class GatewayEntry:
    """One effect in the gateway's ledger: hold, capture, void or refund, as in the sandbox's."""

    kind: str
    payment_id: str
    order_id: str
    effect_id: str | None
    amount: Money


@dataclass(slots=True)
class _Payment:
    request: PaymentRequest
    id: str
    status: PaymentStatus = PaymentStatus.NONE
    declined: str = ""
    authorized: int = 0
    captured: int = 0
    refunds: dict[str, int] = field(default_factory=dict)
    requested: dict[str, int] = field(default_factory=dict)
    """The amount of the first request with each effect id, refused or not. Another amount is refused."""
    refunded_by_hand: int = 0

    @property
    def refunded(self) -> int:
        return sum(self.refunds.values()) + self.refunded_by_hand


@dataclass(slots=True)
class _Fault:
    operation: str
    after_effect: bool


class MemoryPayments:
    def __init__(self) -> None:
        self.ledger: list[GatewayEntry] = []
        self._payments: dict[str, _Payment] = {}
        self._declines = 0
        self._faults: list[_Fault] = []
        self._lock = RLock()

    # --- The port -------------------------------------------------------------------------------

    def authorize(self, request: PaymentRequest) -> Authorization:
        return self._call("authorize", lambda: self._authorize(request))

    def void(self, request: PaymentRequest) -> None:
        self._call("void", lambda: self._void(request))

    def capture(self, request: PaymentRequest, amount: Money) -> None:
        self._call("capture", lambda: self._capture(request, amount.minor))

    def refund(self, request: PaymentRequest, amount: Money, effect_id: str) -> None:
        self._call("refund", lambda: self._refund(request, amount.minor, effect_id))

    def find(self, request: PaymentRequest) -> PaymentRecord | None:
        return self._call("find", lambda: self._find(request))

    def order_of(self, payment_id: str) -> str | None:
        orders = (each.request.order_id for each in self._payments.values() if each.id == payment_id)
        return self._call("order_of", lambda: next(orders, None))

    # --- For tests ------------------------------------------------------------------------------

    def refund_by_hand(self, request: PaymentRequest, minor: int) -> None:
        """A refund that is made at the gateway by hand."""
        payment = self._payment(request)
        payment.refunded_by_hand += minor
        self._add_entry("refund", payment, minor)

    def decline_next(self, count: int = 1) -> None:
        """The issuer declines the next cards, whichever they are."""
        self._declines += count

    def fail_next(self, operation: str = "*", *, after_effect: bool, count: int = 1) -> None:
        """The next calls raise ``PaymentsUnavailable``, before or after their effect."""
        if operation not in ("*", *OPERATIONS):
            raise ValueError(f"{operation!r} is not one of {OPERATIONS}")
        self._faults += [_Fault(operation, after_effect) for _ in range(count)]

    # --- What it does ---------------------------------------------------------------------------

    def _call(self, operation: str, effect: Callable[[], T]) -> T:
        with self._lock:
            fault = next((each for each in self._faults if each.operation in ("*", operation)), None)
            if fault is None:
                return effect()
            self._faults.remove(fault)
            if fault.after_effect:
                with suppress(OmsError):  # the answer is lost
                    effect()
            raise PaymentsUnavailable(f"{operation} timed out {'after' if fault.after_effect else 'before'} its effect")

    def _payment(self, request: PaymentRequest) -> _Payment:
        """The order's payment, which the first call creates."""
        if request.method not in _GOOD | _ELEVATED | _DECLINED.keys():
            raise PaymentDeclined(f"resource_missing: No such PaymentMethod: {request.method!r}")
        payment = self._payments.setdefault(request.key, _Payment(request, f"pi_{len(self._payments) + 1}"))
        if payment.request != request:
            raise PaymentsRefused(f"the key {request.key} was first used with {payment.request}, not {request}")
        return payment

    def _authorize(self, request: PaymentRequest) -> Authorization:
        payment = self._payment(request)
        if payment.status is PaymentStatus.VOIDED:
            raise EffectRefused(f"payment {payment.id} of order {request.order_id} was voided")
        if payment.status is PaymentStatus.NONE:
            payment.declined = payment.declined or self._decline(request.method)
            if payment.declined:
                raise PaymentDeclined(f"{payment.declined}: the card was declined")
            payment.status, payment.authorized = PaymentStatus.AUTHORIZED, request.amount.minor
            self._add_entry("hold", payment, payment.authorized, request.key)
        return Authorization(payment.id, request.amount, Risk.ELEVATED if request.method in _ELEVATED else Risk.NORMAL)

    def _decline(self, method: str) -> str:
        if self._declines:
            self._declines -= 1
            return "generic_decline"
        return _DECLINED.get(method, "")

    def _void(self, request: PaymentRequest) -> None:
        try:
            payment = self._payment(request)
        except PaymentDeclined:
            return
        if payment.status is PaymentStatus.CAPTURED:
            raise AlreadyCaptured(f"payment {payment.id} of order {request.order_id}")
        if payment.status is not PaymentStatus.VOIDED:
            payment.status = PaymentStatus.VOIDED
            self._add_entry("void", payment, payment.authorized)

    def _capture(self, request: PaymentRequest, minor: int) -> None:
        payment = self._payment(request)
        if payment.status is PaymentStatus.VOIDED:
            raise EffectRefused(f"payment {payment.id} of order {request.order_id} was voided")
        if payment.status is PaymentStatus.CAPTURED and payment.captured == minor:
            return
        if payment.status is not PaymentStatus.AUTHORIZED or not 0 < minor <= payment.authorized:
            raise PaymentsRefused(f"payment {payment.id} is {payment.status}: it can't be captured at {minor}")
        payment.status, payment.captured = PaymentStatus.CAPTURED, minor
        self._add_entry("capture", payment, minor)

    def _refund(self, request: PaymentRequest, minor: int, effect_id: str) -> None:
        payment = self._payment(request)
        if payment.refunds.get(effect_id) == minor:
            return
        left = payment.captured - payment.refunded
        if payment.requested.setdefault(effect_id, minor) != minor or not 0 < minor <= left:
            raise PaymentsRefused(f"payment {payment.id} has {left} left: {effect_id} can't give back {minor}")
        payment.refunds[effect_id] = minor
        self._add_entry("refund", payment, minor, effect_id)

    def _find(self, request: PaymentRequest) -> PaymentRecord | None:
        payment = self._payments.get(request.key)
        if payment is None or (payment.status is PaymentStatus.NONE and not payment.declined):
            return None
        return PaymentRecord(
            payment_id=payment.id,
            status=payment.status,
            currency=request.amount.currency,
            authorized=payment.authorized,
            captured=payment.captured,
            refunded=payment.refunded,
            refunds=tuple(payment.refunds),
        )

    def _add_entry(self, kind: str, payment: _Payment, minor: int, effect_id: str | None = None) -> None:
        request = payment.request
        amount = Money(minor, request.amount.currency)
        self.ledger.append(GatewayEntry(kind, payment.id, request.order_id, effect_id, amount))
