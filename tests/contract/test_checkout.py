"""Concurrent changes and checkouts of carts over HTTP, on every store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import TypeVar

import pytest

from oms.domain.cart import MAX_LINES, Cart, CartLine
from oms.domain.inventory import Stock, receive
from oms.domain.money import Money
from oms.domain.order import Status
from tasks.authorize_payment import authorize_payment
from tasks.confirm_order import confirm_order
from tasks.reserve_inventory import reserve_inventory
from tests.api.shop import BODY, Reply, Shop
from tests.contract.stores import Stores
from tests.domain.orders import CATALOGUE

T = TypeVar("T")

CHECKOUT = {name: value for name, value in BODY.items() if name != "lines"}
SKUS = [f"TEA-{n}" for n in range(MAX_LINES)]


@pytest.fixture
def shop(shared_stores: Stores) -> Shop:
    shop, stores_shared = Shop(), shared_stores
    stores = {
        "orders": stores_shared.orders,
        "inventory": stores_shared.inventory,
        "products": stores_shared.products,
        "carts": stores_shared.carts,
    }
    shop.deps = replace(shop.deps, **stores)
    stores_shared.products.put([*CATALOGUE.values(), *(replace(CATALOGUE["TEA"], sku=sku) for sku in SKUS)])
    stock(shop, SKUS[:8])
    return shop


def stock(shop: Shop, skus: Sequence[str]) -> None:
    shop.deps.inventory.apply(receive(f"seed:{skus[0]}", [(sku, 3) for sku in skus]))


def put(shop: Shop, sku: str, quantity: int) -> Reply:
    return shop.ask("PUT", f"/cart/lines/{sku}", {"quantity": quantity})


def units(reply: Reply) -> dict[str, int]:
    return {line["sku"]: line["quantity"] for line in reply.json["lines"]}


def at_once(act: Callable[[int], T]) -> Sequence[T]:
    begin = Barrier(8)

    def acts(n: int) -> T:
        begin.wait()
        return act(n)

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(acts, range(8)))


def test_of_eight_who_hammer_one_cart_nobody_loses_what_was_taken(shop: Shop) -> None:
    answers = at_once(lambda n: [put(shop, SKUS[n], quantity).status for quantity in range(1, 6)])

    assert {status for each in answers for status in each} <= {200, 409}
    assert units(shop.get("/cart")) == {
        SKUS[n]: max(quantity for quantity, status in enumerate(each, 1) if status == 200)
        for n, each in enumerate(answers)
    }


@pytest.mark.parametrize("keys", [["key"] * 8, [f"key-{n}" for n in range(8)]], ids=["one key", "a key each"])
def test_eight_checkouts_at_once_are_one_order(shop: Shop, keys: Sequence[str]) -> None:
    put(shop, "TEA-0", 2)

    replies = at_once(lambda n: shop.post("/cart/checkout", CHECKOUT, key=keys[n]))

    (placed,) = {reply.json["order_id"] for reply in replies if reply.status < 300}
    assert {reply.problem for reply in replies if reply.status >= 300} <= {"cart-changed", "cart-empty"}
    assert [order.id for order in shop.deps.orders.of_customer("anna", 10).items] == [placed]
    assert shop.get("/cart").json["lines"] == []


def test_what_comes_in_while_the_cart_is_ordered_is_ordered_too_or_stays(shop: Shop) -> None:
    put(shop, "TEA-0", 1)

    replies = at_once(lambda n: put(shop, SKUS[n], 1) if n else shop.post("/cart/checkout", CHECKOUT, key="key"))

    taken = {SKUS[n] for n, reply in enumerate(replies) if n and reply.status == 200} | {"TEA-0"}
    left = set(units(shop.get("/cart")))
    if replies[0].status == 202:
        ordered = {line.sku for line in shop.deps.orders.get(replies[0].json["order_id"]).lines}
        assert ordered | left == taken
        assert not ordered & left
    else:
        assert (replies[0].problem, left) == ("cart-changed", taken)


def test_a_hundred_lines_go_from_the_cart_to_a_confirmed_order(shop: Shop) -> None:
    for first in range(8, MAX_LINES, 23):
        stock(shop, SKUS[first : first + 23])
    shop.deps.carts.save(Cart("anna", tuple(CartLine(sku, 2, 333) for sku in SKUS)), shop.clock.now())
    assert len(shop.get("/cart").json["lines"]) == MAX_LINES

    order_id = shop.post("/cart/checkout", CHECKOUT, key="key").json["order_id"]
    for task in (reserve_inventory, authorize_payment, confirm_order):
        task.run({"order_id": order_id}, shop.deps)

    order = shop.deps.orders.get(order_id)
    assert order.status is Status.CONFIRMED
    assert order.payment.authorized == order.total.minor > 100 * 2 * 333
    assert dict(shop.deps.inventory.stock(SKUS)) == {sku: Stock(sku, 3, reserved=2) for sku in SKUS}
    assert shop.get("/cart").json["lines"] == []


def test_a_guest_s_cart_is_merged_once_by_eight_at_once(shop: Shop) -> None:
    token = shop.post("/guest/carts", by=None).json["token"]
    shop.ask("PUT", "/guest/cart/lines/TEA-1", {"quantity": 3}, token=token)
    put(shop, "TEA-1", 1)

    replies = at_once(lambda _: shop.post("/cart/merge", {"guest_token": token}))

    assert {reply.status for reply in replies} <= {200, 409}
    assert units(shop.get("/cart")) == {"TEA-1": 3}
    assert shop.get("/guest/cart", token=token).json["lines"] == []


def test_what_changed_is_told_and_an_expired_cart_is_empty(shop: Shop) -> None:
    put(shop, "TEA-0", 4)
    shop.deps.products.put([replace(CATALOGUE["TEA"], sku="TEA-0", price=Money(350, "USD"))])

    assert shop.get("/cart").json["changes"] == [
        {"sku": "TEA-0", "kind": "price", "before": 333, "now": 350},
        {"sku": "TEA-0", "kind": "short", "before": 4, "now": 3},
    ]
    assert shop.post("/cart/checkout", CHECKOUT, key="key").problem == "cart-outdated"
    shop.clock.advance(timedelta(days=30))
    assert shop.get("/cart").json["lines"] == []
