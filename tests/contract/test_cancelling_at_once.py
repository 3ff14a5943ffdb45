"""Eight clients cancel one order at once: one cancellation takes it, whatever the keys."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest

from oms.adapters.memory.edges import MemoryExecutions
from oms.domain.errors import OrderTaken
from oms.domain.events import CancellationStarted
from oms.ports import Deps
from tasks.take_order import take_order
from tests.api.shop import Reply, Shop
from tests.contract.stores import Stores

CLIENTS = 8


class TakingExecutions(MemoryExecutions):
    """Runs the first state of each cancellation, as the state machine does."""

    deps: Deps

    def start(self, machine: str, name: str, payload: Mapping[str, Any]) -> bool:
        is_new = (machine, name) not in self.starts
        started = super().start(machine, name, payload)
        if machine == "CancelOrder" and is_new:
            try:
                about = {name: value for name, value in payload.items() if name not in ("request_id", "by")}
                take_order.run({**about, "input": payload}, self.deps)
            except OrderTaken:
                self.end(machine, name, "SUCCEEDED")
        return started


@pytest.fixture
def shop(shared_stores: Stores) -> Shop:
    shop = Shop()
    shop.executions = TakingExecutions()
    stores = {"orders": shared_stores.orders, "inventory": shared_stores.inventory, "executions": shop.executions}
    shop.deps = shop.executions.deps = replace(shop.deps, **stores)
    return shop


def cancelled_by_all(shop: Shop, order_id: str, keys: list[str]) -> list[Reply]:
    ready = Barrier(CLIENTS)

    def cancel(key: str) -> Reply:
        ready.wait()
        return shop.post(f"/orders/{order_id}/cancellation", key=key)

    with ThreadPoolExecutor(CLIENTS) as clients:
        return list(clients.map(cancel, keys))


def taken_by(shop: Shop, order_id: str) -> list[str]:
    events = [each.event for each in shop.deps.orders.events(order_id)]
    return [event.cancellation_id for event in events if isinstance(event, CancellationStarted)]


def test_one_key_is_one_cancellation_and_one_answer(shop: Shop) -> None:
    order_id = shop.place()
    replies = cancelled_by_all(shop, order_id, ["key"] * CLIENTS)
    assert {reply.status for reply in replies} == {202}
    assert [reply.json["cancellation_id"] for reply in replies] == taken_by(shop, order_id) * CLIENTS


def test_of_many_keys_one_takes_the_order_and_later_ones_hear_so(shop: Shop) -> None:
    order_id = shop.place()
    replies = cancelled_by_all(shop, order_id, [f"key-{n}" for n in range(CLIENTS)])
    assert {reply.status for reply in replies} <= {202, 409}
    (winner,) = taken_by(shop, order_id)
    assert winner in [reply.json.get("cancellation_id") for reply in replies]
    late = shop.post(f"/orders/{order_id}/cancellation", key="late")
    assert (late.status, late.problem) == (409, "order-taken")
