"""Take the goods out of stock: they have left.

Compensated by nothing: goods come back by a return. Safe to run twice: what is not held can't leave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.domain import shipping
from oms.domain.order import Status
from oms.ports import Deps
from tasks.runtime import act, task


@dataclass(frozen=True)
class MarkShipped:
    order_id: str
    dispatch: dict[str, Any]


@task
def handler(command: MarkShipped, deps: Deps) -> Mapping[str, Any]:
    tracking = command.dispatch.get("tracking", "")
    order = act(command, deps, lambda order: shipping.ship(order, tracking))
    while order.status is Status.SHIPPED and order.held_units():
        order = act(command, deps, lambda order: shipping.ship(order, tracking))
    return {}
