"""Gives an order back that was taken for a cancellation: it goes on.

The goods had left before the cancellation, or the cancellation never took the order, and now can't. Compensates
``take_order``. Idempotent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.steps import cancellation
from oms.domain.change import Change
from oms.domain.order import Order
from oms.ports import Deps
from tasks.runtime import change_order, task


@dataclass(frozen=True)
class GiveBackOrder:
    order_id: str
    cancellation_id: str
    error: str


@task
def give_back_order(command: GiveBackOrder, deps: Deps) -> Mapping[str, Any]:
    def decide(order: Order) -> Change:
        return cancellation.give_back_order(order, command.cancellation_id, command.error)

    change_order(command, deps, decide)
    return {}
