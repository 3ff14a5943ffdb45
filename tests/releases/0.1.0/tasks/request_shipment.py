"""Ask the carrier to pick up what is open, and to say by the task token when it has.

Compensated by ``recall_shipment``. Safe to run twice: the carrier ships an order once, and the token joins those that
wait. The order's books say so before the carrier is asked: a cancellation in between must know whom to ask. Goods that
the carrier hands back unasked have nobody who cancels their order: that is another error than a recall's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.domain import shipping
from oms.domain.errors import ShipmentRecalled
from oms.ports import Deps
from tasks.runtime import act, task


@dataclass(frozen=True)
class RequestShipment:
    order_id: str
    task_token: str


@task
def handler(command: RequestShipment, deps: Deps) -> Mapping[str, Any]:
    order = act(command, deps, lambda order: shipping.request_shipment(order, command.task_token))
    try:
        deps.carrier.request_shipment(order.id, order.asked_to_ship, order.recipient)
    except ShipmentRecalled:
        shipping.check_recall(deps.orders.get(order.id))
        raise
    return {}
