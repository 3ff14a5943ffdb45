"""Records that the goods have arrived: from here on they can be returned. Idempotent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.steps import shipment
from oms.ports import Deps
from tasks.runtime import change_order, task


@dataclass(frozen=True)
class MarkDelivered:
    order_id: str


@task
def mark_delivered(command: MarkDelivered, deps: Deps) -> Mapping[str, Any]:
    change_order(command, deps, shipment.mark_delivered)
    return {}
