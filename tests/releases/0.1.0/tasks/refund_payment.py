"""Refunds what is due: of a return, of a lost parcel, or of a cancellation after the capture.

To the card, as store credit, or to both. Compensates ``capture_payment``. Idempotent: one effect id admits one refund
in each ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.steps import payments
from oms.ports import Deps
from tasks.runtime import change_order, task


@dataclass(frozen=True)
class RefundPayment:
    order_id: str
    effect_id: str = ""


@task
def refund_payment(command: RefundPayment, deps: Deps) -> Mapping[str, Any]:
    change_order(command, deps, lambda order: payments.refund_payment(order, command.effect_id))
    return {}
