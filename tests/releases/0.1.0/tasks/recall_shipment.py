"""Call back the parcel, or the cancelled units of it, before it leaves.

Compensates ``request_shipment``, by the order alone. The carrier decides between dispatch and recall; one that it
never heard of can't leave any more. Safe to run twice. Late, once the cancellation has ended, it calls nothing back:
what is requested since then is what stays. Where nothing was requested nothing will be: the order is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.domain import cancelling
from oms.ports import Deps
from tasks.runtime import task


@dataclass(frozen=True)
class RecallShipment:
    order_id: str
    cancellation_id: str


@task
def handler(command: RecallShipment, deps: Deps) -> Mapping[str, Any]:
    order = deps.orders.get(command.order_id)
    cancellation = order.cancellations[command.cancellation_id]
    if cancelling.has_shipment(order) and not cancellation.outcome:
        units = None if cancellation.whole else cancellation.lines
        deps.carrier.recall(order.id, cancellation.cancellation_id, units)
    return {}
