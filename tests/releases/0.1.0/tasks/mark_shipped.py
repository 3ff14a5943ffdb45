"""Takes the goods out of stock: they have left.

Not compensated: goods come back by a return. Idempotent: what is not held can't leave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.steps import shipment
from oms.ports import Deps
from tasks.runtime import task


@dataclass(frozen=True)
class MarkShipped:
    order_id: str
    dispatch: dict[str, Any]


@task
def mark_shipped(command: MarkShipped, deps: Deps) -> Mapping[str, Any]:
    shipment.ship_all_parts(deps, command.order_id, MarkShipped.__name__, command.dispatch.get("tracking", ""))
    return {}
