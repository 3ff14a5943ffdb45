"""The contract of every order store: a change is written completely or not at all, once, over the current version."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor

import pytest

from oms.domain import payment_rules, placement
from oms.domain.change import NOTHING, Change, MoneyEntry, MoneyReason
from oms.domain.errors import InvalidRequest, OrderChanged, OrderNotFound, OutOfStock
from oms.domain.events import OrderAbandoned, OrderPlaced, Units
from oms.domain.fold import fold
from oms.domain.inventory import Stock, reserve
from oms.domain.money import Money
from oms.domain.order import Order, Status
from oms.domain.payment import Authorization, Risk
from oms.ports import Orders
from tests.contract.listings import walked
from tests.contract.orders import NOON, place, placing_of, stocked
from tests.contract.stores import Stores
from tests.domain.orders import CATALOGUE, plainly


@pytest.fixture
def orders(stores: Stores) -> Orders:
    return stores.orders


ABANDON = Change((OrderAbandoned("PaymentDeclined"),))


def test_an_order_comes_back_as_it_was_placed(orders: Orders) -> None:
    order = orders.create(placing_of("ord_1", "anna", ("RED-LAMP", 2), ("TEA", 1)), NOON, "api")

    assert orders.get("ord_1") == order
    assert order.lines[1].sku == "TEA"
    assert order.recipient == {"name": "Anna", "city": ""}
    (first,) = orders.events("ord_1")
    assert isinstance(first.event, OrderPlaced)
    assert (first.sequence, first.at, first.by) == (1, NOON, "api")


def test_an_order_is_placed_once(orders: Orders) -> None:
    first = place(orders, "ord_1", "anna")

    again = orders.create(placing_of("ord_1", "bob"), NOON, "test")

    assert again == first == orders.get("ord_1")
    assert len(orders.events("ord_1")) == 1


def test_an_order_that_isnt_there_isnt_found(orders: Orders) -> None:
    with pytest.raises(OrderNotFound):
        orders.get("ord_none")
    with pytest.raises(OrderNotFound):
        orders.numbered("AAAAA-BBBBB")
    assert not orders.events("ord_none")
    assert not orders.money("ord_none")


def test_an_order_is_found_by_its_number(orders: Orders) -> None:
    order = place(orders, "ord_7k3m9q2w5x8z1v4b6n0p7k3m9q")
    place(orders, "ord_0000000000")

    assert orders.numbered("7K3M9-Q2W5X") == order


def test_a_change_is_written_whole(stores: Stores) -> None:
    stocked(stores.inventory, **{"RED-LAMP": 5})
    order = place(stores.orders)

    reserved = stores.orders.save(order, placement.reserve(order, CATALOGUE), NOON, "ReserveInventory")
    authorization = payment_rules.authorized(reserved, Authorization("pi_1", reserved.total, Risk.ELEVATED))
    after = stores.orders.save(reserved, authorization, NOON, "AuthorizePayment")

    assert stores.orders.get("ord_1") == after == fold(stores.orders.events("ord_1"))
    assert (after.status, after.version) == (Status.AUTHORIZED, 3)
    assert stores.inventory.stock(["RED-LAMP"]) == {"RED-LAMP": Stock("RED-LAMP", 5, 2)}
    assert reserve("ord_1:reserve", "ord_1", [("RED-LAMP", 2)]) in walked(stores.inventory.every_entry, 10)
    assert list(stores.orders.money("ord_1")) == [
        MoneyEntry("ord_1:authorize", "ord_1", MoneyReason.AUTHORIZED, Money(3998, "USD"))
    ]


def test_an_empty_change_writes_nothing(orders: Orders) -> None:
    order = place(orders)
    orders.save(order, ABANDON, NOON, "test")

    assert orders.save(order, NOTHING, NOON, "test") is order  # though it is stale


@pytest.mark.parametrize(
    "change",
    [ABANDON, Change(waits={"review": "token"}), Change(stock=(reserve("ord_1:reserve", "ord_1", [("RED-LAMP", 1)]),))],
    ids=["events", "waits", "stock"],
)
def test_a_change_of_an_order_that_moved_on_is_refused_whole(stores: Stores, change: Change) -> None:
    stocked(stores.inventory, **{"RED-LAMP": 5})
    before = place(stores.orders)
    after = stores.orders.save(before, ABANDON, NOON, "test")

    with pytest.raises(OrderChanged):
        stores.orders.save(before, change, NOON, "test")

    assert stores.orders.get("ord_1") == after
    assert len(stores.orders.events("ord_1")) == 2
    assert list(stores.orders.waits("ord_1", "review")) == []
    assert stores.inventory.stock(["RED-LAMP"]) == {"RED-LAMP": Stock("RED-LAMP", 5, 0)}


def test_a_change_of_an_order_that_isnt_there_is_refused(orders: Orders) -> None:
    order = place(orders)
    stranger = Order("ord_2", "bob", "USD", order.lines, "pm", {}, "hash", NOON)

    with pytest.raises(OrderChanged):
        orders.save(stranger, ABANDON, NOON, "test")
    with pytest.raises(OrderNotFound):
        orders.get("ord_2")


def test_without_stock_nothing_of_a_change_is_written(stores: Stores) -> None:
    stocked(stores.inventory, **{"RED-LAMP": 1, "BLUE-RUG": 9, "TEA": 2})
    lines = (("BLUE-RUG", 1), ("RED-LAMP", 2), ("TEA", 3))
    order = stores.orders.create(placing_of("ord_1", "anna", *lines), NOON, "api")

    with pytest.raises(OutOfStock, match=r"of RED-LAMP, TEA$"):
        stores.orders.save(order, placement.reserve(order, CATALOGUE), NOON, "ReserveInventory")

    assert stores.orders.get("ord_1") == order
    assert len(stores.orders.events("ord_1")) == 1
    assert stores.inventory.stock(["BLUE-RUG"]) == {"BLUE-RUG": Stock("BLUE-RUG", 9)}
    assert "ord_1:reserve" not in {entry.effect_id for entry in walked(stores.inventory.every_entry, 10)}


def test_an_order_that_moved_on_is_told_before_stock_that_is_short(stores: Stores) -> None:
    order = place(stores.orders)
    stores.orders.save(order, ABANDON, NOON, "test")

    with pytest.raises(OrderChanged):
        stores.orders.save(order, placement.reserve(order, CATALOGUE), NOON, "test")


def test_a_stock_effect_that_was_written_before_refuses_the_change(stores: Stores) -> None:
    stocked(stores.inventory, **{"RED-LAMP": 5})
    order = place(stores.orders)
    stores.inventory.apply(reserve("ord_1:reserve", "ord_1", [("RED-LAMP", 2)]))

    with pytest.raises(OrderChanged):
        stores.orders.save(order, placement.reserve(order, CATALOGUE), NOON, "test")

    assert stores.orders.get("ord_1") == order


def test_a_money_effect_that_was_written_before_refuses_the_change(orders: Orders) -> None:
    order = place(orders)
    entry = MoneyEntry("ord_1:void", "ord_1", MoneyReason.VOIDED, Money(0, "USD"))
    orders.save(order, Change(money=(entry,)), NOON, "test")

    with pytest.raises(OrderChanged):
        orders.save(order, Change(ABANDON.events, money=(entry,)), NOON, "test")

    assert orders.get("ord_1") == order
    assert list(orders.money("ord_1")) == [entry]


def test_an_effect_of_one_order_is_none_of_another(orders: Orders) -> None:
    for order_id in ("ord_1", "ord_2"):
        order = place(orders, order_id)
        orders.save(
            order, Change(money=(MoneyEntry("void", order_id, MoneyReason.VOIDED, Money(0, "USD")),)), NOON, "t"
        )

    assert [len(orders.money(order_id)) for order_id in ("ord_1", "ord_2")] == [1, 1]


def test_the_tokens_that_wait_join_each_other(orders: Orders) -> None:
    order = place(orders)
    for token in ("first", "second", "first"):
        orders.save(order, Change(waits={"dispatch": token, "review": "another"}), NOON, "test")

    assert sorted(orders.waits("ord_1", "dispatch")) == ["first", "second"]
    assert list(orders.waits("ord_1", "review")) == ["another"]
    assert list(orders.waits("ord_1", "delivery")) == []
    assert orders.get("ord_1") == order


def test_the_most_that_one_unit_of_work_moves_fits(stores: Stores) -> None:
    skus = [f"SKU-{n}" for n in range(placement.PART)]
    stocked(stores.inventory, **dict.fromkeys(skus, 1))
    order = place(stores.orders)
    entry = reserve("ord_1:reserve", "ord_1", [(sku, 1) for sku in skus])
    money = tuple(MoneyEntry(f"m:{n}", "ord_1", MoneyReason.CAPTURED, Money(n, "USD")) for n in range(2))
    events = (OrderAbandoned("a"), OrderAbandoned("b"))

    stores.orders.save(order, Change(events, money, (entry,), {"review": "x", "dispatch": "y"}), NOON, "test")

    assert all(stock.available == 0 for stock in stores.inventory.stock(skus).values())


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_a_shoppers_orders_are_listed_newest_first(orders: Orders, limit: int) -> None:
    for n in range(7):
        place(orders, f"ord_{n}", "anna", minutes=n)
    place(orders, "ord_bob", "bob", minutes=3)

    orders_read = walked(lambda limit, cursor: orders.of_customer("anna", limit, cursor), limit)

    assert orders_read == [orders.get(f"ord_{n}") for n in reversed(range(7))]


@pytest.mark.parametrize("value", ["\ud800", "x" * 1025], ids=["half a character", "too long"])
def test_a_cursor_that_can_be_no_key_is_refused(orders: Orders, value: str) -> None:
    for n in range(2):
        place(orders, f"ord_{n}", "anna", minutes=n)
    cursor = orders.of_customer("anna", 1).cursor
    assert cursor
    key = json.loads(urlsafe_b64decode(cursor + "=="))
    for name in key:
        bent = urlsafe_b64encode(json.dumps({**key, name: value}).encode()).decode().rstrip("=")
        with pytest.raises(InvalidRequest):
            orders.of_customer("anna", 1, bent)


def test_a_cursor_of_another_shopper_is_refused(orders: Orders) -> None:
    for n in range(2):
        place(orders, f"ord_{n}", "anna", minutes=n)
    cursor = orders.of_customer("anna", 1).cursor
    assert cursor

    for listing, what in ((orders.of_customer, "bob"), (orders.in_queue, "anna")):
        with pytest.raises(InvalidRequest):
            listing(what, 1, cursor)


def test_every_order_is_listed_once(orders: Orders) -> None:
    placed = [place(orders, f"ord_{n}", f"shopper {n % 3}") for n in range(8)]

    assert sorted(walked(orders.every, 3), key=lambda order: order.id) == placed


def test_an_order_is_in_the_queue_of_whom_it_waits_for(stores: Stores) -> None:
    orders = stores.orders
    stocked(stores.inventory, **{"RED-LAMP": 50})

    def queued(name: str) -> list[str]:
        return [order.id for order in walked(lambda limit, cursor: orders.in_queue(name, limit, cursor), 1)]

    late, early = place(orders, "ord_late", minutes=5), place(orders, "ord_early", minutes=1)
    assert (queued("starting"), queued("review")) == (["ord_early", "ord_late"], [])

    reserved = orders.save(early, placement.reserve(early, CATALOGUE), NOON, "test")
    waiting = orders.save(reserved, placement.request_review(reserved, NOON, "token"), NOON, "test")
    assert (queued("starting"), queued("review")) == (["ord_late"], ["ord_early"])

    orders.save(waiting, placement.decide_review(waiting, True, "rita"), NOON, "test")
    orders.save(late, ABANDON, NOON, "test")
    assert (queued("starting"), queued("review")) == (["ord_late"], [])


def test_of_two_who_place_one_order_both_get_the_same(shared_stores: Stores) -> None:
    orders = shared_stores.orders

    with ThreadPoolExecutor(8) as writers:
        made = list(writers.map(lambda n: orders.create(placing_of("ord_1", f"shopper {n}"), NOON, "t"), range(24)))

    assert {order.customer_id for order in made} == {orders.get("ord_1").customer_id}
    assert len(orders.events("ord_1")) == 1


def test_each_version_of_an_order_has_one_writer(shared_stores: Stores) -> None:
    orders = shared_stores.orders
    order = place(orders)
    for _ in range(6):
        won = _winners(orders, order)
        assert len(won) == 1
        assert orders.get("ord_1") == won[0]
        order = won[0]

    assert [event.sequence for event in orders.events("ord_1")] == list(range(1, 8))
    assert fold(orders.events("ord_1")) == order


def _winners(orders: Orders, order: Order) -> list[Order]:
    def saved(n: int) -> Order | None:
        try:
            return orders.save(order, Change((OrderAbandoned(f"writer {n}"),)), NOON, f"writer {n}")
        except OrderChanged:
            return None

    with ThreadPoolExecutor(8) as writers:
        return [each for each in writers.map(saved, range(16)) if each]


def test_orders_that_want_the_same_goods_share_out_what_there_is(shared_stores: Stores) -> None:
    orders, inventory = shared_stores.orders, shared_stores.inventory
    stocked(inventory, **{"RED-LAMP": 20, "BLUE-RUG": 100})

    def reserved(n: int) -> bool:
        lines = [Units("RED-LAMP", 1), Units("BLUE-RUG", 1)][:: 1 if n % 2 else -1]
        change = placement.place(f"ord_{n}", "anna", plainly(lines), "pm_card_visa", {}, "hash")
        order = orders.create(change, NOON, "test")
        try:
            orders.save(order, placement.reserve(order, CATALOGUE), NOON, "test")
        except OutOfStock:
            return False
        return True

    with ThreadPoolExecutor(8) as writers:
        won = sum(writers.map(reserved, range(60)))

    assert won == 20
    assert inventory.stock(["RED-LAMP", "BLUE-RUG"]) == {
        "RED-LAMP": Stock("RED-LAMP", 20, 20),
        "BLUE-RUG": Stock("BLUE-RUG", 100, 20),
    }
    assert sum(order.status is Status.RESERVED for order in walked(orders.every, 25)) == 20
