"""Reserves stock for every line of an order, all or nothing.

Compensated by ``release_inventory``. Idempotent: a line that is priced is reserved already. Late: a released order
refuses it. If a part of a long order fails, the parts before it are released like the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.steps import inventory
from oms.ports import Deps
from tasks.runtime import task


@dataclass(frozen=True)
class ReserveInventory:
    order_id: str


@task
def reserve_inventory(command: ReserveInventory, deps: Deps) -> Mapping[str, Any]:
    order = inventory.reserve_all_parts(deps, command.order_id, ReserveInventory.__name__)
    return {"total_minor": order.total.minor, "currency": order.currency}
