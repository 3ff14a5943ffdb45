"""Among a thousand orders each page has exactly the matching orders, once and in order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from oms.adapters.aws.clients import DYNAMODB
from oms.adapters.aws.json_protocol import AwsJsonClient
from oms.adapters.dynamodb import items
from oms.adapters.dynamodb.client import DynamoDB
from oms.adapters.dynamodb.order_index import MAX_READS, DynamoOrderIndex
from oms.domain.change import recorded
from oms.domain.fold import fold
from oms.domain.order import Order, Status
from oms.domain.order_index import OrderQuery
from tests.contract.listings import walked
from tests.contract.metering import Meter
from tests.contract.orders import NOON, placing_of
from tests.contract.stores import at, fresh_tables

MANY = 1000
STATES = [Status.DELIVERED] * 40 + [Status.SHIPPED] * 8 + [Status.CANCELLED] + [Status.REJECTED]


def order(n: int) -> Order:
    """Most are of lamps, every 200th of tea; five are placed in each second, and not in the order of their ids."""
    sku = "TEA" if n % 200 == 7 else "RED-LAMP" if n % 3 else "BLUE-RUG"
    change = placing_of(f"ord_{n * 7919 % MANY:04}", f"shopper {n % 11}", (sku, 1))
    placed = fold(recorded(None, change, NOON + timedelta(seconds=n // 5), "test"))
    return replace(placed, status=STATES[n * 31 % len(STATES)])


@pytest.fixture(scope="module")
def shop(ministack_url: str) -> tuple[DynamoOrderIndex, list[Order], Meter]:
    made = [order(n) for n in range(MANY)]
    meter = Meter(at(ministack_url))
    api = AwsJsonClient(DYNAMODB, meter)
    names = fresh_tables(api)
    meter.tables = {there: name for name, there in names.items()}
    db = DynamoDB(api)
    db.batch_put(names["orders"], [items.order_item(each) for each in made])
    order_index = DynamoOrderIndex(db, names["orders"], names["order_index"])
    order_index.add(made)
    return order_index, sorted(made, key=lambda each: (each.placed_at, each.id), reverse=True), meter


@pytest.mark.parametrize(
    "query",
    [
        OrderQuery(),
        OrderQuery(Status.REJECTED),
        OrderQuery(Status.DELIVERED, "TEA"),
        OrderQuery(Status.REJECTED, "RED-LAMP"),
        OrderQuery(Status.SHIPPED, "BLUE-RUG", "shopper 3"),
        OrderQuery(Status.DELIVERED, since=NOON + timedelta(seconds=50), until=NOON + timedelta(seconds=150)),
    ],
    ids=["all", "rare state", "rare goods", "rare state of goods", "three at once", "of a time"],
)
def test_each_comes_once_and_in_its_turn(shop: tuple[DynamoOrderIndex, list[Order], Meter], query: OrderQuery) -> None:
    order_index, newest_first, meter = shop
    meter.is_on = True

    orders = walked(lambda limit, cursor: order_index.find(query, limit, cursor), 100)

    query_count = sum(meter.cost().operations.values())
    assert orders == [each for each in newest_first if query.matches(each)]
    assert query_count <= MAX_READS * (1 + len(orders) // 100)


def test_a_page_that_would_take_too_many_reads_ends_early_and_leads_on(
    shop: tuple[DynamoOrderIndex, list[Order], Meter], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oms.adapters.dynamodb.order_index.MAX_READS", 6)
    order_index, newest_first, _ = shop
    query, cursor, orders, pages = OrderQuery(Status.SHIPPED, "RED-LAMP"), None, list[Order](), 0
    while pages == 0 or cursor is not None:
        page = order_index.find(query, 100, cursor)
        orders, cursor, pages = [*orders, *page.items], page.cursor, pages + 1

    assert orders == [each for each in newest_first if query.matches(each)]
    assert pages > 1 + len(orders) // 100
