"""The contract of every order index: exactly the matching orders, newest first and once, for any page size."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from itertools import product

import pytest

from oms.domain import placement
from oms.domain.change import Change
from oms.domain.errors import InvalidRequest
from oms.domain.events import OrderAbandoned, OrderConfirmed, OrderRejected, Units
from oms.domain.order import Order, Status
from oms.domain.order_index import OrderQuery
from tests.contract.access_patterns import goods
from tests.contract.listings import walked
from tests.contract.orders import NOON, place, placing_of
from tests.contract.stores import Stores
from tests.domain.orders import plainly

CONFIRM = Change((OrderConfirmed(),))
REJECT = Change((OrderAbandoned("OutOfStock"), OrderRejected("OutOfStock")))
QUERIES = [
    OrderQuery(),
    OrderQuery(Status.PLACED),
    OrderQuery(Status.CONFIRMED),
    OrderQuery(Status.LOST),
    OrderQuery(sku="TEA"),
    OrderQuery(customer_id="anna"),
    OrderQuery(Status.REJECTED, "TEA"),
    OrderQuery(Status.CONFIRMED, "RED-LAMP", "bob"),
    OrderQuery(sku="BLUE-RUG", customer_id="anna"),
    OrderQuery(since=NOON + timedelta(seconds=20), until=NOON + timedelta(seconds=40)),
    OrderQuery(Status.CONFIRMED, until=NOON + timedelta(seconds=30)),
    OrderQuery(Status.REJECTED, "RED-LAMP", since=NOON + timedelta(seconds=10)),
]


def newest_first(orders: Sequence[Order]) -> list[Order]:
    return sorted(orders, key=lambda order: (order.placed_at, order.id), reverse=True)


def placed_and_filed(stores: Stores, count: int) -> list[Order]:
    """Orders of each state, SKU and shopper, three at each time."""
    draw, made, filed = random.Random(7), [], []
    for n in range(count):
        skus = draw.sample(["RED-LAMP", "BLUE-RUG", "TEA"], draw.choice([1, 1, 2]))
        change = placing_of(f"ord_{n:03}", draw.choice(["anna", "bob"]), *((sku, 1) for sku in skus))
        order = stores.orders.create(change, NOON + timedelta(seconds=n // 3), "test")
        filed.append(order)
        fate = draw.choice([None, CONFIRM, CONFIRM, REJECT])
        made.append(stores.orders.save(order, fate, NOON, "test") if fate else order)
    stores.order_index.add(filed)
    return made


def test_every_combination_finds_exactly_what_fits_it(stores: Stores) -> None:
    made = placed_and_filed(stores, 105)

    for query, limit in product(QUERIES, (7, 100)):
        orders = walked(lambda limit, cursor, query=query: stores.order_index.find(query, limit, cursor), limit)
        assert orders == newest_first([order for order in made if query.matches(order)]), (query, limit)


def test_an_order_is_found_by_its_state_as_soon_as_it_is_so(stores: Stores) -> None:
    order = place(stores.orders)
    assert stores.order_index.find(OrderQuery(Status.PLACED), 10).items == (order,)

    confirmed = stores.orders.save(order, CONFIRM, NOON, "test")

    assert stores.order_index.find(OrderQuery(Status.PLACED), 10).items == ()
    assert stores.order_index.find(OrderQuery(Status.CONFIRMED), 10).items == (confirmed,)


@pytest.mark.parametrize("query", [OrderQuery(), OrderQuery(sku="RED-LAMP"), OrderQuery(customer_id="anna")])
def test_an_order_is_found_by_all_else_once_it_is_filed_however_often(stores: Stores, query: OrderQuery) -> None:
    order = place(stores.orders)
    assert stores.order_index.find(query, 10).items == ()

    confirmed = stores.orders.save(order, CONFIRM, NOON, "test")
    for late in ([order, confirmed], [order]):
        stores.order_index.add(late)

    assert stores.order_index.find(query, 10).items == (confirmed,)


def test_pages_that_are_turned_while_orders_come_and_move_on_neither_skip_nor_repeat(stores: Stores) -> None:
    made = [_filed(stores, n) for n in range(40)]
    query, order_ids = OrderQuery(sku="RED-LAMP"), []
    page = stores.order_index.find(query, 6)
    while True:
        order_ids += [order.id for order in page.items]
        _filed(stores, 100 + len(order_ids))
        stores.orders.save(made[len(order_ids) % 40], CONFIRM, NOON, "test")
        if page.cursor is None:
            break
        page = stores.order_index.find(query, 6, page.cursor)

    assert order_ids == [order.id for order in newest_first(made)]


def _filed(stores: Stores, n: int) -> Order:
    order = place(stores.orders, f"ord_{n:03}", minutes=n)
    stores.order_index.add([order])
    return order


def test_an_order_of_more_goods_than_one_batch_is_found_by_each(stores: Stores) -> None:
    catalogue = goods(60)
    quote = plainly([Units(sku, 1) for sku in catalogue], catalogue)
    change = placement.place("ord_1", "anna", quote, "pm_card_visa", {}, "hash")
    order = stores.orders.create(change, NOON, "test")
    stores.order_index.add([order])

    assert all(stores.order_index.find(OrderQuery(sku=sku), 5).items == (order,) for sku in catalogue)


def test_what_is_filed_and_was_never_placed_is_not_found(stores: Stores) -> None:
    lines = place(stores.orders).lines
    stores.order_index.add([Order("ord_2", "anna", "USD", lines, "pm", {}, "hash", NOON)])

    assert stores.order_index.find(OrderQuery(sku="RED-LAMP"), 10).items == ()


def test_a_cursor_of_another_search_is_refused(stores: Stores) -> None:
    placed_and_filed(stores, 9)
    cursor = stores.order_index.find(OrderQuery(customer_id="anna"), 1).cursor
    assert cursor

    for query, other in (
        (OrderQuery(), cursor),
        (OrderQuery(customer_id="bob"), cursor),
        (OrderQuery(), "bm9uc2Vuc2U"),
    ):
        with pytest.raises(InvalidRequest):
            stores.order_index.find(query, 1, other)
