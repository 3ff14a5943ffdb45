"""End a cancellation whose effects are all through, and wake whatever still waits on the order.

It ends only what holds neither stock nor money, by the order's own books. Safe to run twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.domain import cancelling
from oms.domain.order import Status
from oms.ports import Deps
from tasks.runtime import act, task


@dataclass(frozen=True)
class CompleteCancellation:
    order_id: str
    cancellation_id: str
    reason: str


@task
def handler(command: CompleteCancellation, deps: Deps) -> Mapping[str, Any]:
    order = act(command, deps, lambda order: cancelling.complete(order, command.cancellation_id, command.reason))
    if order.status is Status.CANCELLED:
        for name in ("review", "dispatch"):
            for token in deps.orders.waits(order.id, name):
                deps.executions.fail(token, "OrderClosed", f"order {order.id} is cancelled")
    return {}
