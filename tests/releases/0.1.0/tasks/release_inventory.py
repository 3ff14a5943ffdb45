"""Releases the stock that is held: of a cancellation its lines, else all of it.

Compensates ``reserve_inventory``, by the order alone. Idempotent: what is not held is not released. It is recorded even
if nothing is held, and so refuses a late reservation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.steps import inventory
from oms.ports import Deps
from tasks.runtime import task


@dataclass(frozen=True)
class ReleaseInventory:
    order_id: str
    cancellation_id: str = ""


@task
def release_inventory(command: ReleaseInventory, deps: Deps) -> Mapping[str, Any]:
    inventory.release_all_parts(deps, command.order_id, ReleaseInventory.__name__, command.cancellation_id)
    return {}
