"""Let go of the stock that is held: of a cancellation its lines, else all of it.

Compensates ``reserve_inventory``, by the order alone. Safe to run twice: what is not held is not released. Of an
order that holds nothing it is recorded all the same, and keeps a late reservation out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.domain import placing
from oms.ports import Deps
from tasks.runtime import act, task


@dataclass(frozen=True)
class ReleaseInventory:
    order_id: str
    cancellation_id: str = ""


@task
def handler(command: ReleaseInventory, deps: Deps) -> Mapping[str, Any]:
    version = 0
    order = deps.orders.get(command.order_id)
    while order.version != version:
        version = order.version
        order = act(command, deps, lambda order: placing.release(order, command.cancellation_id or None))
    return {}
