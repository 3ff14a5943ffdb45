"""Completes a cancellation whose effects are done, and wakes the executions that wait for the order.

It refuses if the order's record says that it still holds stock or money. Idempotent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.steps import cancellation
from oms.domain.change import Change
from oms.domain.order import Order, Status
from oms.ports import Deps
from tasks.runtime import change_order, task


@dataclass(frozen=True)
class CompleteCancellation:
    order_id: str
    cancellation_id: str
    reason: str


@task
def complete_cancellation(command: CompleteCancellation, deps: Deps) -> Mapping[str, Any]:
    def decide(order: Order) -> Change:
        return cancellation.complete_cancellation(order, command.cancellation_id, command.reason)

    order = change_order(command, deps, decide)
    if order.status is Status.CANCELLED:
        for wait in ("review", "dispatch"):
            for token in deps.orders.waits(order.id, wait):
                deps.executions.fail(token, "OrderClosed", f"order {order.id} is cancelled")
    return {}
