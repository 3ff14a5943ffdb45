"""Takes the order for one cancellation: from here on nothing else moves it.

Compensated by ``give_back_order``. Idempotent: one cancellation takes an order once. Returns how the payment is to be
settled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.steps import cancellation
from oms.domain.cancellation_rules import settlement
from oms.domain.change import Change
from oms.domain.order import Order
from oms.ports import Deps
from tasks.runtime import change_order, task


@dataclass(frozen=True)
class TakeOrder:
    order_id: str
    cancellation_id: str
    lines: list[dict[str, Any]]
    reason: str
    request_id: str = ""
    by: str = ""
    """Who made the request; empty if no person did."""


@task
def take_order(command: TakeOrder, deps: Deps) -> Mapping[str, Any]:
    def decide(order: Order) -> Change:
        return cancellation.take_order(
            order, command.cancellation_id, command.lines, command.reason, command.request_id
        )

    order = change_order(command, deps, decide, command.by)
    return {"settlement": settlement(order, command.cancellation_id)}
