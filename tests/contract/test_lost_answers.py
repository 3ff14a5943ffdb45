"""A write whose answer gets lost on the way back is sent again by the SDK, and must count once and say that it did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from oms.domain import placing
from oms.domain.inventory import Stock, reserve
from oms.domain.order import Status
from tests.contract.orders import NOON, place, stocked
from tests.contract.stores import Stores
from tests.domain.orders import CATALOGUE

RESEND = "needs-retry.dynamodb.TransactWriteItems"


class LostAnswers:
    """Takes the answer of each transaction for lost, once it is written: botocore sends the same request again."""

    def __init__(self) -> None:
        self.lost = 0

    def __call__(self, attempts: int, **_: Any) -> float | None:
        if attempts > 1:
            return None
        self.lost += 1
        return 0.0


@pytest.fixture
def stores(remote_stores: Stores) -> Iterator[Stores]:
    assert remote_stores.client
    stocked(remote_stores.inventory, **{"RED-LAMP": 2})
    events: Any = remote_stores.client.meta.events
    lost = LostAnswers()
    events.register_first(RESEND, lost)
    yield remote_stores
    events.unregister(RESEND, lost)
    assert lost.lost


def test_stock_moves_once(stores: Stores) -> None:
    assert stores.inventory.apply(reserve("o:reserve", "o", [("RED-LAMP", 1)])) is True

    assert stores.inventory.stock(["RED-LAMP"]) == {"RED-LAMP": Stock("RED-LAMP", 2, 1)}


def test_an_order_moves_once_and_its_writer_knows(stores: Stores) -> None:
    order = place(stores.orders)

    after = stores.orders.save(order, placing.reserve(order, CATALOGUE), NOON, "ReserveInventory")

    assert stores.orders.get(order.id) == after
    assert (after.status, after.version) == (Status.RESERVED, 2)
    assert stores.inventory.stock(["RED-LAMP"]) == {"RED-LAMP": Stock("RED-LAMP", 2, 2)}
