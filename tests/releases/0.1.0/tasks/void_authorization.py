"""Voids the hold on the shopper's card, or keeps a late authorization from ever holding.

Compensates ``authorize_payment``, by the order alone: the forward result is missing if that step timed out after its
effect. Idempotent: the gateway voids a payment once. Of a captured payment it raises ``AlreadyCaptured``: refund it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.steps import payments
from oms.ports import Deps
from tasks.runtime import change_order, task


@dataclass(frozen=True)
class VoidAuthorization:
    order_id: str
    cancellation_id: str = ""


@task
def void_authorization(command: VoidAuthorization, deps: Deps) -> Mapping[str, Any]:
    change_order(command, deps, lambda order: payments.void_authorization(order, command.cancellation_id))
    return {}
