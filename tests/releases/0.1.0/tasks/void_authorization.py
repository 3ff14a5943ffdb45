"""Let go of the hold on the shopper's card, or keep a late authorization from ever holding.

Compensates ``authorize_payment``, by the order alone: the forward result is missing just when that step timed out
after acting. Safe to run twice: the gateway voids a payment once. Of a captured payment it says so: refund it.
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
class VoidAuthorization:
    order_id: str
    cancellation_id: str = ""


@task
def handler(command: VoidAuthorization, deps: Deps) -> Mapping[str, Any]:
    def decide(order: Order) -> Change:
        if not paying.may_void(order, command.cancellation_id or None):
            return NOTHING
        if paying.is_charged(order):
            deps.payments.void(order.payment_request)
        return paying.voided(order)

    act(command, deps, decide)
    return {}
