"""Wait, by the task token, for the carrier's word that the parcel has arrived.

Compensated by nothing: a wait holds nothing. Safe to run twice: the token joins those that wait. Late: the carrier says
at once what has come of the parcel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.domain import shipping
from oms.ports import Deps
from tasks.runtime import act, task


@dataclass(frozen=True)
class TrackDelivery:
    order_id: str
    task_token: str


@task
def handler(command: TrackDelivery, deps: Deps) -> Mapping[str, Any]:
    order = act(command, deps, lambda order: shipping.track_delivery(order, command.task_token))
    deps.carrier.follow(order.id)
    return {}
