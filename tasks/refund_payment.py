"""Give back what is due: of a return, of a lost parcel, or of a cancellation that came after the capture.

Compensates ``capture_payment``. Safe to run twice: the amount is in the order's books before the gateway is asked, and
one effect id admits one refund.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.domain import paying
from oms.domain.order import NOTHING, Change, Order
from oms.ports import Deps
from tasks.runtime import act, task


@dataclass(frozen=True)
class RefundPayment:
    order_id: str
    effect_id: str = ""


@task
def handler(command: RefundPayment, deps: Deps) -> Mapping[str, Any]:
    def decide(order: Order) -> Change:
        effect_id = command.effect_id or f"{order.id}:refund"
        amount = paying.refund_due(order, effect_id)
        if effect_id in order.refunds or not amount.minor:
            return NOTHING
        deps.payments.refund(order.payment_request, amount, effect_id)
        return paying.refunded(order, amount, effect_id)

    act(command, deps, decide)
    return {}
