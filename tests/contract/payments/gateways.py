"""The payment providers under test, and orders to pay for."""

from __future__ import annotations

import json
import urllib.request
from itertools import count
from typing import Any, Protocol
from urllib.parse import urlencode

from oms.adapters.memory.payments import MemoryPayments
from oms.adapters.stripe.payments import StripePayments
from oms.domain.money import Money
from oms.domain.payment import PaymentRequest
from oms.ports import Payments

Row = tuple[str, str | None, int]
_orders = count(1)


class Gateway(Protocol):
    """A provider under test: the port, and the controls that a test needs."""

    @property
    def payments(self) -> Payments: ...
    def decline_next(self) -> None: ...
    def fail_next(self, operation: str, *, after_effect: bool) -> None: ...
    def refund_by_hand(self, request: PaymentRequest, minor: int) -> None: ...
    def ledger(self, request: PaymentRequest) -> list[Row]: ...


class Memory:
    def __init__(self) -> None:
        self.payments = MemoryPayments()

    def decline_next(self) -> None:
        self.payments.decline_next()

    def fail_next(self, operation: str, *, after_effect: bool) -> None:
        self.payments.fail_next(operation, after_effect=after_effect)

    def refund_by_hand(self, request: PaymentRequest, minor: int) -> None:
        self.payments.refund_by_hand(request, minor)

    def ledger(self, request: PaymentRequest) -> list[Row]:
        entries = [entry for entry in self.payments.ledger if entry.order_id == request.order_id]
        return [(entry.kind, entry.effect_id, entry.amount.minor) for entry in entries]


class StripeOverSandbox:
    def __init__(self, url: str) -> None:
        self._url = url
        self.payments = StripePayments("sk_test_contract", url, timeout_seconds=5)
        self._operations = {"authorize": "confirm", "void": "cancel", "find": "retrieve"}

    def decline_next(self) -> None:
        self._control("/_sandbox/next", {"fault": "decline"})

    def fail_next(self, operation: str, *, after_effect: bool) -> None:
        fault = "timeout_after" if after_effect else "timeout_before"
        self._control("/_sandbox/next", {"fault": fault, "operation": self._operations.get(operation, operation)})

    def refund_by_hand(self, request: PaymentRequest, minor: int) -> None:
        record = self.payments.find(request)
        assert record is not None
        form = urlencode({"payment_intent": record.payment_id, "amount": minor}).encode()
        key = {"Authorization": "Bearer sk_test_contract"}
        with urllib.request.urlopen(urllib.request.Request(f"{self._url}/v1/refunds", form, key)):
            return

    def ledger(self, request: PaymentRequest) -> list[Row]:
        entries = self._control("/_sandbox/ledger?limit=10000")["entries"]
        ours = [entry for entry in entries if entry["order_id"] == request.order_id]
        return [(entry["kind"], entry["effect_id"], entry["amount"]) for entry in ours]

    def _control(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self._url + path, data)) as answer:
            return json.load(answer)


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def order(minor: int = 5000, method: str = "pm_card_visa") -> PaymentRequest:
    return PaymentRequest(f"ord_{next(_orders):06}", usd(minor), method)


def rma(request: PaymentRequest, number: int) -> str:
    return f"{request.order_id}:rma_{number}"


def captured_order(gateway: Gateway, minor: int) -> PaymentRequest:
    request = order(minor)
    gateway.payments.authorize(request)
    gateway.payments.capture(request, usd(minor))
    return request
