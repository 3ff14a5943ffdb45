"""Holds what store credit doesn't pay on the shopper's card, and says whether the order needs a review.

Compensated by ``void_authorization``. Idempotent: the order's key admits one payment at the gateway. Late: after a void
the gateway refuses the key. If the answer is lost, the next attempt, or the void, finds the payment by the same key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.steps import payments
from oms.domain.placement import needs_review
from oms.ports import Deps
from tasks.runtime import change_order, task


@dataclass(frozen=True)
class AuthorizePayment:
    order_id: str


@task
def authorize_payment(command: AuthorizePayment, deps: Deps) -> Mapping[str, Any]:
    order = change_order(command, deps, lambda order: payments.authorize_payment(order, deps))
    return {"review": needs_review(order) and not order.is_approved}
