"""Eight concurrent shoppers, each with an API and state machines of their own, on the same orders and stock."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from oms.domain.inventory import Stock
from oms.domain.order import Order, Status
from tests.api.shop import BODY
from tests.api.shop import Shop as Api
from tests.contract.listings import walked
from tests.contract.orders import stocked
from tests.contract.stores import Stores
from tests.workflows.shop import EngineExecutions
from tests.workflows.shop import Shop as Machines

SHOPPERS = 8


def bought(stores: Stores, shopper: int, times: int) -> list[Order]:
    """The shopper's orders, each posted and followed until NewOrder has ended and its shipment is requested."""
    api, machines = Api(), Machines(seed=shopper)
    shared: Any = {"orders": stores.orders, "inventory": stores.inventory, "discounts": stores.discounts}
    machines.deps = replace(machines.deps, **shared)
    api.deps = replace(api.deps, executions=EngineExecutions(machines), **shared)
    body = {**BODY, "lines": [{"sku": "RED-LAMP", "quantity": 1}]}
    placed = [api.place(body, key=f"{shopper}-{n}") for n in range(times)]
    machines.let_happen()
    return [stores.orders.get(order_id) for order_id in placed]


@pytest.mark.parametrize(("units", "times"), [(1, 1), (12, 4)])
def test_exactly_as_many_orders_are_confirmed_as_there_are_units(shared_stores: Stores, units: int, times: int) -> None:
    stocked(shared_stores.inventory, **{"RED-LAMP": units})

    with ThreadPoolExecutor(SHOPPERS) as shoppers:
        each = shoppers.map(lambda shopper: bought(shared_stores, shopper, times), range(SHOPPERS))
        orders = [order for some in each for order in some]

    outcomes = Counter((order.status, order.reason) for order in orders)
    assert outcomes == {(Status.CONFIRMED, ""): units, (Status.REJECTED, "out-of-stock"): SHOPPERS * times - units}
    assert shared_stores.inventory.stock(["RED-LAMP"]) == {"RED-LAMP": Stock("RED-LAMP", units, units)}
    holding = {entry.order_id for entry in walked(shared_stores.inventory.every_entry, 100)} - {None}
    assert holding == {order.id for order in orders if order.status is Status.CONFIRMED}
