"""Carts: put, change, remove, merge; and their changes since the shopper saw them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms.domain.cart import (
    GUEST_RETENTION,
    MAX_LINES,
    MAX_UNITS,
    RETENTION,
    Cart,
    CartChange,
    CartLine,
    ChangeKind,
    check_as_seen,
    merge,
    put,
    remove,
    reread,
    without,
)
from oms.domain.errors import CartEmpty, CartOutdated, InvalidRequest, WrongCurrency
from oms.domain.events import Units
from oms.domain.inventory import Stock
from oms.domain.money import Money
from tests.domain.orders import CATALOGUE, NOON

LAMP, RUG, TEA = (CATALOGUE[sku] for sku in ("RED-LAMP", "BLUE-RUG", "TEA"))
CART = put(put(Cart("anna"), LAMP, 2), TEA, 5)
PLENTY = {sku: Stock(sku, 1000) for sku in CATALOGUE}
SKUS = [f"SKU-{n}" for n in range(130)]
LINES = st.lists(
    st.builds(CartLine, st.sampled_from(SKUS), st.integers(1, 2000), st.integers(0, 10_000)),
    unique_by=lambda line: line.sku,
)


def test_a_product_is_put_changed_in_its_place_and_taken_out():
    changed = put(CART, LAMP, 7)
    assert changed.units() == (Units("RED-LAMP", 7), Units("TEA", 5))
    assert put(changed, LAMP, 0) == remove(changed, "RED-LAMP")
    assert remove(changed, "RED-LAMP").units() == (Units("TEA", 5),)
    assert remove(CART, "BLUE-RUG") == CART


def test_a_cart_has_its_limits():
    with pytest.raises(InvalidRequest, match="up to 999"):
        put(CART, LAMP, MAX_UNITS + 1)
    full = Cart("anna", tuple(CartLine(sku, 1, 1) for sku in SKUS[: MAX_LINES - 1]))
    full = put(full, LAMP, 1)
    assert put(full, LAMP, 2).quantity("RED-LAMP") == 2
    with pytest.raises(InvalidRequest, match="up to 100"):
        put(full, TEA, 1)


def in_euros(product):
    return replace(product, price=Money(product.price.minor, "EUR"))


def test_all_that_is_in_a_cart_is_priced_in_one_currency():
    with pytest.raises(WrongCurrency, match="BLUE-RUG is priced in EUR, what is in the cart in USD"):
        put(CART, in_euros(RUG), 1)
    alone = put(put(Cart("anna"), LAMP, 2), in_euros(LAMP), 1)
    assert (alone.currency, alone.units()) == ("EUR", (Units("RED-LAMP", 1),))
    guests = put(Cart("guest_1"), in_euros(RUG), 1)
    assert merge(CART, guests.lines) == CART
    assert merge(Cart("anna"), guests.lines).currency == "EUR"


def test_what_is_priced_in_another_currency_now_is_gone():
    after, changes = reread(CART, {**CATALOGUE, "RED-LAMP": in_euros(LAMP)}, PLENTY)
    assert (after.currency, after.units()) == ("USD", (Units("TEA", 5),))
    assert changes == (CartChange("RED-LAMP", ChangeKind.GONE, 2),)


def test_a_line_of_an_early_version_is_of_its_product_s_currency():
    after, changes = reread(Cart("anna", (CartLine("TEA", 5, 333),)), CATALOGUE, PLENTY)
    assert (after.currency, changes) == ("USD", ())


def test_a_guest_s_cart_joins_the_shopper_s():
    guests = [CartLine("TEA", 2, 333), CartLine("RED-LAMP", 3, 1), CartLine("BLUE-RUG", 1, 4550)]
    merged = merge(CART, guests)
    assert merged.units() == (Units("RED-LAMP", 3), Units("TEA", 5), Units("BLUE-RUG", 1))


@given(LINES, LINES)
def test_merging_twice_is_merging_once_and_stays_within_the_limits(mine, guests):
    cart = merge(Cart("anna"), mine)
    once = merge(cart, guests)
    assert merge(once, guests) == once
    assert len(once.lines) <= MAX_LINES
    assert all(1 <= line.quantity <= MAX_UNITS for line in once.lines)
    assert all(once.quantity(line.sku) >= line.quantity for line in cart.lines)


def test_an_unchanged_cart_has_no_changes():
    assert reread(CART, CATALOGUE, PLENTY) == (CART, ())


def test_a_change_is_listed_once():
    dearer = {"RED-LAMP": replace(LAMP, price=Money(2499, "USD")), "TEA": TEA}
    cart, changes = reread(put(CART, RUG, 1), dearer, {**PLENTY, "TEA": Stock("TEA", 5, reserved=1)})
    assert changes == (
        CartChange("RED-LAMP", ChangeKind.PRICE, 1999, 2499),
        CartChange("TEA", ChangeKind.SHORT, 5, 4),
        CartChange("BLUE-RUG", ChangeKind.GONE, 1),
    )
    assert cart.units() == (Units("RED-LAMP", 2), Units("TEA", 5))
    assert reread(cart, dearer, PLENTY) == (cart, ())


def test_only_what_was_ordered_leaves_the_cart():
    assert without(CART, [Units("RED-LAMP", 2)]).units() == (Units("TEA", 5),)
    assert without(CART, CART.units()) == replace(CART, lines=())
    assert without(CART, [Units("BLUE-RUG", 1)]) == CART


def test_a_cart_is_ordered_only_at_the_prices_that_the_shopper_saw():
    check_as_seen(CART, CATALOGUE)
    with pytest.raises(CartEmpty):
        check_as_seen(Cart("anna", version=3), CATALOGUE)
    with pytest.raises(CartOutdated, match=r"^RED-LAMP costs 1, no longer 1999; TEA is gone$"):
        check_as_seen(CART, {"RED-LAMP": replace(LAMP, price=Money(1, "USD"))})


def test_a_guest_s_cart_is_kept_for_a_shorter_time():
    assert Cart("anna").expires_at(NOON) == NOON + RETENTION
    assert Cart("guest_1").expires_at(NOON) == NOON + GUEST_RETENTION
    assert GUEST_RETENTION < RETENTION
