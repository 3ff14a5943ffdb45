"""The contract of every store of credit: a ledger for each customer, written with the orders, never overdrawn."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from oms.domain import credit, placement
from oms.domain.credit import CreditReason
from oms.domain.errors import CreditChanged, InvalidRequest, OrderChanged, OrderNotFound
from oms.domain.events import Units
from oms.domain.money import Money
from tests.domain.orders import NOON, plainly

CLIENTS = 8


def grant(stores, minor, effect_id="grant", currency="USD", customer="anna", minutes=0):
    entry = credit.grant(effect_id, customer, Money(minor, currency), "sorry")
    return stores.credit.grant(entry, NOON + timedelta(minutes=minutes), "operator:olga")


def spend(stores, minor, order_id="ord_1"):
    quote = replace(plainly([Units("TEA", 3)]), credit_minor=minor)
    change = placement.place(order_id, "anna", quote, "pm_card_visa", {"name": "Anna"}, "hash")
    return stores.orders.create(change, NOON, "anna")


def balance(stores):
    return stores.credit.balances("anna").get("USD", 0)


def ledger(stores):
    return {booked.entry.effect_id: booked.entry.amount.minor for booked in stores.credit.ledger("anna")}


def test_a_grant_is_given_once(stores):
    assert grant(stores, 500)
    assert not grant(stores, 500)
    assert grant(stores, 70, currency="ISK", effect_id="other")
    assert stores.credit.balances("anna") == {"USD": 500, "ISK": 70}
    assert stores.credit.balances("bert") == {}
    (booked,) = [each for each in stores.credit.ledger("anna") if each.entry.effect_id == "grant"]
    assert (booked.at, booked.by) == (NOON, "operator:olga")
    assert booked.entry == credit.grant("grant", "anna", Money(500, "USD"), "sorry")
    assert stores.credit.get("anna", "grant") == booked
    assert stores.credit.get("anna", "none") is None
    assert stores.credit.get("bert", "grant") is None


def test_an_order_takes_its_credit_as_it_is_written(stores):
    grant(stores, 500)
    order = spend(stores, 400)
    assert (order.credit_minor, balance(stores)) == (400, 100)
    assert ledger(stores) == {"grant": 500, "ord_1:credit": -400}
    assert spend(stores, 400) == order, "the same order again"
    assert balance(stores) == 100


def test_more_than_there_is_is_not_spent_and_no_order_written(stores):
    grant(stores, 399)
    with pytest.raises(CreditChanged):
        spend(stores, 400)
    with pytest.raises(OrderNotFound):
        stores.orders.get("ord_1")
    assert ledger(stores) == {"grant": 399}


def test_what_nobody_ever_had_is_not_spent(stores):
    with pytest.raises(CreditChanged):
        spend(stores, 1)
    assert balance(stores) == 0


def test_it_comes_back_with_the_order_s_end_and_once(stores):
    grant(stores, 500)
    order = spend(stores, 500)
    change = placement.reject(order, "out-of-stock")
    rejected = stores.orders.save(order, change, NOON, "RejectOrder")
    assert (balance(stores), rejected.credits) == (500, {"ord_1:credit-back": 500})
    with pytest.raises(OrderChanged):
        stores.orders.save(order, change, NOON, "RejectOrder")
    with pytest.raises(OrderChanged):
        stores.orders.save(rejected, change, NOON, "RejectOrder")
    assert balance(stores) == 500
    (booked,) = [each for each in stores.credit.ledger("anna") if each.entry.amount.minor > 0 and each.entry.order_id]
    assert (booked.by, booked.entry.reason, booked.entry.order_id) == ("RejectOrder", CreditReason.RETURNED, "ord_1")


def test_its_lines_are_listed_newest_first(stores):
    for n in range(5):
        grant(stores, 100 + n, f"grant-{n}", minutes=n)
    grant(stores, 1, "bert's", customer="bert")
    page = stores.credit.entries("anna", 2)
    entries = [*page.items]
    while page.cursor:
        page = stores.credit.entries("anna", 2, page.cursor)
        entries += page.items
    assert [booked.entry.amount.minor for booked in entries] == [104, 103, 102, 101, 100]
    with pytest.raises(InvalidRequest):
        stores.credit.entries("bert", 2, stores.credit.entries("anna", 2).cursor)


def test_all_of_them_are_there_for_an_audit(stores):
    grant(stores, 1, "hers")
    grant(stores, 2, "his", customer="bert")
    entries, cursor = [], None
    while True:
        page = stores.credit.every(1, cursor)
        entries += page.items
        cursor = page.cursor
        if cursor is None:
            break
    assert {booked.entry.effect_id for booked in entries} == {"hers", "his"}


def test_eight_at_once_spend_no_more_than_there_is(shared_stores):
    grant(shared_stores, 300)

    def buy(n):
        try:
            return spend(shared_stores, 100, f"ord_{n}")
        except CreditChanged:
            return None

    with ThreadPoolExecutor(CLIENTS) as pool:
        placed = [order for order in pool.map(buy, range(CLIENTS)) if order]
    assert (len(placed), balance(shared_stores)) == (3, 0)
    assert ledger(shared_stores) == {"grant": 300, **{f"{order.id}:credit": -100 for order in placed}}


def test_eight_at_once_give_it_back_once(shared_stores):
    grant(shared_stores, 300)
    order = spend(shared_stores, 300)

    def reject(_):
        try:
            return shared_stores.orders.save(order, placement.reject(order, "declined"), NOON, "RejectOrder")
        except OrderChanged:
            return None

    with ThreadPoolExecutor(CLIENTS) as pool:
        assert sum(after is not None for after in pool.map(reject, range(CLIENTS))) == 1
    assert (balance(shared_stores), sum(ledger(shared_stores).values())) == (300, 300)
