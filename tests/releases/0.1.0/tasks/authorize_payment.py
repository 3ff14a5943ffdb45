"""Hold on the shopper's card what store credit doesn't pay, and say whether a person should look at the order.

Compensated by ``void_authorization``. Safe to run twice: the order's key admits one payment at the gateway. Late:
after a void the gateway itself refuses the key. Unheard: the next attempt, or the void, finds it by the same key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.domain import paying, placing
from oms.domain.change import NOTHING, Change
from oms.domain.order import Order
from oms.ports import Deps
from tasks.runtime import act, task


@dataclass(frozen=True)
class AuthorizePayment:
    order_id: str


@task
def handler(command: AuthorizePayment, deps: Deps) -> Mapping[str, Any]:
    def decide(order: Order) -> Change:
        if not paying.may_authorize(order):
            return NOTHING
        request = order.payment_request
        authorization = deps.payments.authorize(request) if paying.is_charged(order) else paying.unneeded(order)
        return paying.authorized(order, authorization)

    order = act(command, deps, decide)
    return {"review": placing.needs_review(order) and not order.is_approved}
