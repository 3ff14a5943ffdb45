"""Orders for the contract tests, made by the shop's own rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from oms.domain import placement
from oms.domain.change import Change
from oms.domain.events import Units
from oms.domain.inventory import receive
from oms.domain.order import Order
from oms.ports import Inventory, Orders
from tests.domain.orders import plainly

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def placing_of(order_id: str, customer: str = "anna", *lines: tuple[str, int]) -> Change:
    units = [Units(sku, quantity) for sku, quantity in lines or [("RED-LAMP", 2)]]
    return placement.place(order_id, customer, plainly(units), "pm_card_visa", {"name": "Anna", "city": ""}, "hash")


def place(orders: Orders, order_id: str = "ord_1", customer: str = "anna", minutes: int = 0) -> Order:
    return orders.create(placing_of(order_id, customer), NOON + timedelta(minutes=minutes), "test")


def stocked(inventory: Inventory, **counts: int) -> None:
    inventory.apply(receive("seed", counts.items()))
