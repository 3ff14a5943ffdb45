"""Records that the carrier lost the goods: what was paid is due back. Idempotent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.steps import shipment
from oms.ports import Deps
from tasks.runtime import change_order, task


@dataclass(frozen=True)
class MarkLost:
    order_id: str


@task
def mark_lost(command: MarkLost, deps: Deps) -> Mapping[str, Any]:
    change_order(command, deps, shipment.mark_lost)
    return {}
