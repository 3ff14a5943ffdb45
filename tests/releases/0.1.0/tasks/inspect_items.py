"""Decide unit by unit what is refunded and what is sold again. Safe to run twice: the first decision stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.domain import returns
from oms.ports import Deps
from tasks.runtime import act, task


@dataclass(frozen=True)
class InspectItems:
    order_id: str
    return_id: str
    parcel: dict[str, Any]


@task
def handler(command: InspectItems, deps: Deps) -> Mapping[str, Any]:
    units = command.parcel.get("units", {})
    order = act(command, deps, lambda order: returns.inspect(order, command.return_id, units))
    return {"refund_minor": order.returns[command.return_id].refund_minor}
