"""A write whose response gets lost is sent again: it must have one effect, and report success."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from oms.adapters.aws.clients import DYNAMODB
from oms.adapters.aws.json_protocol import AwsJsonClient, AwsUnavailable, Headers, Post
from oms.adapters.dynamodb.stock.shards import UNSPLIT
from oms.domain import placement
from oms.domain.cart import Cart, put
from oms.domain.inventory import Stock, reserve
from oms.domain.order import Status
from tests.contract.orders import NOON, place, placing_of, stocked
from tests.contract.stores import Stores, fresh_tables, in_tables
from tests.domain.orders import CATALOGUE


class Losing:
    """Loses the response to the first attempt of every transaction, after the write."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.lost: set[bytes] = set()

    def __call__(self, body: bytes, headers: Headers) -> tuple[int, bytes]:
        answer = self.post(body, headers)
        if headers["X-Amz-Target"].endswith(".TransactWriteItems") and body not in self.lost:
            self.lost.add(body)
            raise AwsUnavailable("the line went dead")
        return answer


@pytest.fixture
def stores(remote: Post) -> Iterator[Stores]:
    losing = Losing(remote)
    api = AwsJsonClient(DYNAMODB, losing, sleep=lambda _: None)
    stores = in_tables(api, fresh_tables(api), UNSPLIT)
    stocked(stores.inventory, **{"RED-LAMP": 2})
    yield stores
    assert len(losing.lost) > 1


def test_stock_moves_once(stores: Stores) -> None:
    assert stores.inventory.apply(reserve("o:reserve", "o", [("RED-LAMP", 1)])) is True

    assert stores.inventory.stock(["RED-LAMP"]) == {"RED-LAMP": Stock("RED-LAMP", 2, 1)}


def test_an_order_moves_once_and_its_writer_knows(stores: Stores) -> None:
    order = place(stores.orders)

    after = stores.orders.save(order, placement.reserve(order, CATALOGUE), NOON, "ReserveInventory")

    assert stores.orders.get(order.id) == after
    assert (after.status, after.version) == (Status.RESERVED, 2)
    assert stores.inventory.stock(["RED-LAMP"]) == {"RED-LAMP": Stock("RED-LAMP", 2, 2)}


def test_a_cart_is_ordered_once_and_its_shopper_knows(stores: Stores) -> None:
    cart = stores.carts.save(put(Cart("anna"), CATALOGUE["RED-LAMP"], 2), NOON)
    change = replace(placing_of("ord_1", "anna"), cart=replace(cart, lines=()))

    order = stores.orders.create(change, NOON, "test")

    assert stores.orders.get("ord_1") == order
    assert stores.carts.get("anna", NOON) == Cart("anna", version=2)
