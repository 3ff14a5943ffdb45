"""Asks the carrier to pick the order up, and waits with the task token until it has.

Compensated by ``recall_shipment``. Idempotent: the carrier ships an order once, and the token joins those that wait.
The order's record says so before the carrier is called: a cancellation in between has to recall the shipment. Goods
that the carrier hands back though nobody recalled them raise ``ShipmentRefused``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.steps import shipment
from oms.domain.errors import ShipmentRecalled
from oms.domain.shipment_rules import check_recall
from oms.ports import Deps
from tasks.runtime import change_order, task


@dataclass(frozen=True)
class RequestShipment:
    order_id: str
    task_token: str


@task
def request_shipment(command: RequestShipment, deps: Deps) -> Mapping[str, Any]:
    order = change_order(command, deps, lambda order: shipment.request_shipment(order, command.task_token))
    try:
        deps.carrier.request_shipment(order.id, order.asked_to_ship, order.recipient)
    except ShipmentRecalled:
        check_recall(deps.orders.get(order.id))
        raise
    return {}
