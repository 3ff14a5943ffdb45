"""The contract of every store of carts: a write succeeds, or says that another came first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest

from oms.domain.cart import GUEST_RETENTION, MAX_LINES, MAX_UNITS, RETENTION, Cart, CartLine, put
from oms.domain.change import Change
from oms.domain.errors import CartChanged
from oms.ports import Carts
from tests.contract.orders import NOON, placing_of
from tests.contract.stores import Stores
from tests.domain.orders import CATALOGUE

LAMP, TEA = CATALOGUE["RED-LAMP"], CATALOGUE["TEA"]
SECOND = timedelta(seconds=1)


@pytest.fixture
def carts(stores: Stores) -> Carts:
    return stores.carts


def ordering(cart: Cart, order_id: str = "ord_1") -> Change:
    return replace(placing_of(order_id, cart.owner), cart=replace(cart, lines=()))


def test_a_cart_comes_back_as_it_was_saved(carts: Carts) -> None:
    assert carts.get("anna", NOON) == Cart("anna")

    saved = carts.save(put(put(Cart("anna"), TEA, 5), LAMP, 2), NOON)

    assert saved == Cart("anna", (CartLine("TEA", 5, 333, "USD"), CartLine("RED-LAMP", 2, 1999, "USD")), version=1)
    assert carts.get("anna", NOON) == saved
    assert carts.get("ben", NOON) == Cart("ben")


def test_a_cart_of_the_largest_size_comes_back(carts: Carts) -> None:
    lines = tuple(CartLine(f"{n:040}", MAX_UNITS, 99_999_999, "USD") for n in range(MAX_LINES))

    saved = carts.save(Cart("anna", lines), NOON)

    assert carts.get("anna", NOON) == saved


def test_only_the_cart_that_was_read_is_written_over(carts: Carts) -> None:
    first = carts.save(put(Cart("anna"), TEA, 1), NOON)
    second = carts.save(put(first, TEA, 2), NOON)

    for stale in (Cart("anna"), first, replace(first, version=9)):
        with pytest.raises(CartChanged):
            carts.save(put(stale, LAMP, 1), NOON)
    assert carts.get("anna", NOON) == second


@pytest.mark.parametrize(("owner", "lifetime"), [("anna", RETENTION), ("guest_1", GUEST_RETENTION)])
def test_a_cart_is_kept_for_some_time_after_its_last_change(carts: Carts, owner: str, lifetime: timedelta) -> None:
    first = carts.save(put(Cart(owner), TEA, 1), NOON)
    second = carts.save(put(first, TEA, 2), NOON + lifetime - SECOND)
    end = NOON + lifetime - SECOND + lifetime

    assert carts.get(owner, end - SECOND) == second
    assert carts.get(owner, end).lines == ()


def test_what_expired_is_begun_anew_and_not_by_two_at_once(carts: Carts) -> None:
    carts.save(put(Cart("anna"), TEA, 1), NOON)
    expired = carts.get("anna", NOON + RETENTION)

    begun = carts.save(put(expired, LAMP, 1), NOON + RETENTION)

    assert carts.get("anna", NOON + RETENTION) == begun
    with pytest.raises(CartChanged):
        carts.save(put(expired, TEA, 1), NOON + RETENTION)


def test_an_order_empties_its_cart_with_the_same_write(stores: Stores) -> None:
    cart = stores.carts.save(put(Cart("anna"), LAMP, 2), NOON)

    order = stores.orders.create(ordering(cart), NOON, "test")

    assert stores.orders.get("ord_1") == order
    assert stores.carts.get("anna", NOON) == Cart("anna", version=2)


def test_a_cart_that_changed_meanwhile_becomes_no_order(stores: Stores) -> None:
    cart = stores.carts.save(put(Cart("anna"), LAMP, 2), NOON)
    more = stores.carts.save(put(cart, TEA, 1), NOON)

    with pytest.raises(CartChanged):
        stores.orders.create(ordering(cart), NOON, "test")

    assert not list(stores.orders.events("ord_1"))
    assert stores.carts.get("anna", NOON) == more


def test_an_order_that_is_there_already_takes_nothing_more_out_of_the_cart(stores: Stores) -> None:
    cart = stores.carts.save(put(Cart("anna"), LAMP, 2), NOON)
    order = stores.orders.create(ordering(cart), NOON, "test")
    later = stores.carts.save(put(stores.carts.get("anna", NOON), TEA, 1), NOON)

    assert stores.orders.create(ordering(later), NOON, "test") == order
    assert stores.orders.create(ordering(cart), NOON, "test") == order
    assert stores.carts.get("anna", NOON) == later


def test_eight_who_write_one_cart_lose_nothing_and_are_told(shared_stores: Stores) -> None:
    carts, rounds, all_read = shared_stores.carts, 6, Barrier(8)

    def writes(n: int) -> int:
        sku, conflicts = replace(TEA, sku=f"TEA-{n}"), 0
        cart = carts.get("anna", NOON)
        all_read.wait()
        for quantity in range(1, rounds + 1):
            while True:
                try:
                    cart = carts.save(put(cart, sku, quantity), NOON)
                    break
                except CartChanged:
                    cart, conflicts = carts.get("anna", NOON), conflicts + 1
        return conflicts

    with ThreadPoolExecutor(8) as pool:
        conflicts = sum(pool.map(writes, range(8)))

    cart = carts.get("anna", NOON)
    assert {line.sku: line.quantity for line in cart.lines} == {f"TEA-{n}": rounds for n in range(8)}
    assert cart.version == 8 * rounds
    assert conflicts >= 7


def test_of_eight_who_order_one_cart_one_does(shared_stores: Stores) -> None:
    cart = shared_stores.carts.save(put(Cart("anna"), LAMP, 2), NOON)

    def orders(n: int) -> bool:
        try:
            shared_stores.orders.create(ordering(cart, f"ord_{n}"), NOON, "test")
        except CartChanged:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = [n for n, did in enumerate(pool.map(orders, range(8))) if did]

    (winner,) = won
    assert [n for n in range(8) if list(shared_stores.orders.events(f"ord_{n}"))] == [winner]
    assert shared_stores.carts.get("anna", NOON) == Cart("anna", version=2)
