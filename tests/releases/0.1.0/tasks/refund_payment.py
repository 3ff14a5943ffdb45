"""Give back what is due: of a return, of a lost parcel, or of a cancellation that came after the capture.

To the card, as store credit, or part of it each, as the order's books say. Compensates ``capture_payment``. Safe to run
twice: the amounts are in the books before the gateway is asked, and one effect id admits one refund in each ledger.
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
class RefundPayment:
    order_id: str
    effect_id: str = ""


@task
def handler(command: RefundPayment, deps: Deps) -> Mapping[str, Any]:
    def decide(order: Order) -> Change:
        effect_id = command.effect_id or f"{order.id}:refund"
        refund = paying.refund_due(order, effect_id)
        if order.is_refunded(effect_id) or not refund:
            return NOTHING
        if refund.card.minor:
            deps.payments.refund(order.payment_request, refund.card, effect_id)
        return paying.refunded(order, refund, effect_id)

    act(command, deps, decide)
    return {}
