"""Recalls the parcel, or the cancelled units of it, before it leaves.

Compensates ``request_shipment``, by the order alone. The carrier decides between dispatch and recall; a shipment that
it never heard of can't leave any more. Idempotent. Late, after the cancellation has ended, it recalls nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.steps import shipment
from oms.ports import Deps
from tasks.runtime import task


@dataclass(frozen=True)
class RecallShipment:
    order_id: str
    cancellation_id: str


@task
def recall_shipment(command: RecallShipment, deps: Deps) -> Mapping[str, Any]:
    decision = shipment.recall_shipment(deps.orders.get(command.order_id), command.cancellation_id)
    if decision.call is not None:
        decision.call(deps)
    return {}
