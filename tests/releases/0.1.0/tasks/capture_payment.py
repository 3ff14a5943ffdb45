"""Captures what the shipped lines cost, out of what was authorized.

Compensated by ``refund_payment``. Idempotent: a payment is captured once. Late: a voided payment can't be captured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.steps import payments
from oms.ports import Deps
from tasks.runtime import change_order, task


@dataclass(frozen=True)
class CapturePayment:
    order_id: str


@task
def capture_payment(command: CapturePayment, deps: Deps) -> Mapping[str, Any]:
    change_order(command, deps, payments.capture_payment)
    return {}
