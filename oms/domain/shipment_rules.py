"""Rules of a shipment: from a confirmed order to its delivery, or its loss."""

from __future__ import annotations

from oms.domain import errors, inventory
from oms.domain.change import NOTHING, Change
from oms.domain.events import OrderDelivered, OrderLost, OrderShipped, ShipmentRequested
from oms.domain.order import Order, ShipmentStatus, Status, check_free_to_move
from oms.domain.payment import PaymentStatus
from oms.domain.placement import PART


def request_shipment(order: Order, token: str) -> Change:
    """Recorded before the carrier is called, so that a cancellation in between recalls the shipment."""
    if order.status in (Status.SHIPPED, Status.DELIVERED):
        raise errors.AlreadyDispatched(f"order {order.id} is {order.status}")
    check_free_to_move(order)
    if order.status is not Status.CONFIRMED:
        raise errors.UnexpectedState(f"order {order.id} is {order.status}: it can't be shipped")
    waits = {"dispatch": token}
    if order.shipment is not ShipmentStatus.NONE:
        return Change(waits=waits)
    return Change((ShipmentRequested(order.open_units()),), waits=waits)


def check_recall(order: Order) -> None:
    """Raises ``ShipmentRefused`` if the carrier hands the goods back, and nobody recalled them."""
    if not (order.taken_by or order.status.is_closed):
        raise errors.ShipmentRefused(f"the carrier won't take order {order.id}")


def ship(order: Order, tracking: str) -> Change:
    """Takes the next part of what is held out of stock. To be repeated until nothing is held."""
    if order.status in (Status.SHIPPED, Status.DELIVERED) and not order.held_units():
        return NOTHING
    check_free_to_move(order)
    if order.payment.status is not PaymentStatus.CAPTURED:
        raise errors.UnexpectedState(f"order {order.id} is not paid: it can't be marked shipped")
    part = order.held_units()[:PART]
    index = next(n for n, line in enumerate(order.lines) if line.sku == part[0].sku)
    effect_id = f"{order.id}:ship" if not index else f"{order.id}:ship:{index}"
    entry = inventory.ship(effect_id, order.id, [(units.sku, units.quantity) for units in part])
    return Change((OrderShipped(part, tracking),), stock=(entry,))


def track_delivery(order: Order, token: str) -> Change:
    if order.status is Status.DELIVERED:
        raise errors.AlreadyDelivered(f"order {order.id} is delivered")
    check_free_to_move(order)
    if order.status is not Status.SHIPPED:
        raise errors.UnexpectedState(f"order {order.id} is {order.status}: nothing is under way")
    return Change(waits={"delivery": token})


def deliver(order: Order) -> Change:
    if order.status is Status.DELIVERED:
        return NOTHING
    check_free_to_move(order)
    if order.status is not Status.SHIPPED:
        raise errors.UnexpectedState(f"order {order.id} is {order.status}: it can't be delivered")
    return Change((OrderDelivered(),))


def lose(order: Order) -> Change:
    """The carrier lost the goods: all that was paid is due back."""
    if order.status is Status.LOST:
        return NOTHING
    check_free_to_move(order)
    if order.status is not Status.SHIPPED:
        raise errors.UnexpectedState(f"order {order.id} is {order.status}: nothing is under way")
    return Change((OrderLost(order.due.minor),), codes=order.code_given_back())
