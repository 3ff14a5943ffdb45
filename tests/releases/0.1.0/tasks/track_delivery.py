"""Waits, with the task token, for the carrier's event that the parcel has arrived.

Not compensated: a wait holds nothing. Idempotent: the token joins those that wait. Late: the carrier answers at once
what became of the parcel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.steps import shipment
from oms.ports import Deps
from tasks.runtime import change_order, task


@dataclass(frozen=True)
class TrackDelivery:
    order_id: str
    task_token: str


@task
def track_delivery(command: TrackDelivery, deps: Deps) -> Mapping[str, Any]:
    order = change_order(command, deps, lambda order: shipment.track_delivery(order, command.task_token))
    deps.carrier.follow(order.id)
    return {}
