"""Decides unit by unit what is refunded and what is sold again. Idempotent: the first decision stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.steps import returns
from oms.ports import Deps
from tasks.runtime import change_order, task


@dataclass(frozen=True)
class InspectItems:
    order_id: str
    return_id: str
    parcel: dict[str, Any]


@task
def inspect_items(command: InspectItems, deps: Deps) -> Mapping[str, Any]:
    conditions = command.parcel.get("units", {})
    order = change_order(command, deps, lambda order: returns.inspect_items(order, command.return_id, conditions))
    return {"refund_minor": order.returns[command.return_id].refund_minor}
