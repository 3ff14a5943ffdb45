"""Steps from a confirmed order to its delivery."""

from __future__ import annotations

from oms.application.commit import Decision, commit
from oms.application.steps.step import step
from oms.domain import cancellation_rules, shipment_rules
from oms.domain.change import NOTHING, Change
from oms.domain.events import OrderDelivered, OrderLost, OrderShipped, ShipmentRequested
from oms.domain.order import Order, Status
from oms.ports import Deps


@step(ShipmentRequested)
def request_shipment(order: Order, task_token: str) -> Change:
    """The carrier is called after this is written: a cancellation in between has to know that it may be."""
    return shipment_rules.request_shipment(order, task_token)


@step()
def recall_shipment(order: Order, cancellation_id: str) -> Decision:
    """Of an order that the carrier may know of. Once the cancellation has ended there is nothing to recall."""
    cancellation = order.cancellations[cancellation_id]
    if cancellation.outcome or not cancellation_rules.has_shipment(order):
        return Decision(NOTHING)
    units = None if cancellation.whole else cancellation.lines

    def recall(deps: Deps) -> None:
        deps.carrier.recall(order.id, cancellation_id, units)

    return Decision(NOTHING, recall)


@step(OrderShipped)
def mark_shipped(order: Order, tracking: str) -> Change:
    """Takes the next part of the goods out of stock."""
    return shipment_rules.ship(order, tracking)


def ship_all_parts(deps: Deps, order_id: str, by: str, tracking: str) -> None:
    while True:
        order = commit(deps, order_id, by, lambda order: mark_shipped(order, tracking))
        if order.status is not Status.SHIPPED or not order.held_units():
            return


@step(OrderShipped)
def track_delivery(order: Order, task_token: str) -> Change:
    return shipment_rules.track_delivery(order, task_token)


@step(OrderDelivered)
def mark_delivered(order: Order) -> Change:
    return shipment_rules.deliver(order)


@step(OrderLost)
def mark_lost(order: Order) -> Change:
    return shipment_rules.lose(order)
