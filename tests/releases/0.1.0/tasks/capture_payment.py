"""Take what the shipped lines cost, out of what was authorized.

Compensated by ``refund_payment``. Safe to run twice: a payment is captured once. Late: a voided one can't be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.domain import paying
from oms.domain.change import NOTHING, Change
from oms.domain.order import Order
from oms.ports import Deps
from tasks.runtime import act, task


@dataclass(frozen=True)
class CapturePayment:
    order_id: str


@task
def handler(command: CapturePayment, deps: Deps) -> Mapping[str, Any]:
    def decide(order: Order) -> Change:
        if not paying.may_capture(order):
            return NOTHING
        if paying.is_charged(order):
            deps.payments.capture(order.payment_request, order.to_capture)
        return paying.captured(order, order.to_capture)

    act(command, deps, decide)
    return {}
