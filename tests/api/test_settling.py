"""Settling a discrepancy by hand: the record is closed with who and why, and nothing else changes."""

import pytest

from oms.domain import parking
from oms.domain.events import DiscrepancyAccepted
from tests.api.shop import OLGA

BY_HAND = {"check": "CheckOrders", "reason": "Refunded at the gateway, ticket 4711"}


@pytest.fixture
def doubted(shop):
    """The id of an order that a check has parked."""
    order_id = shop.confirmed()
    shop.save(order_id, lambda order: parking.park_discrepancy(order, "CheckOrders", "money: odd"))
    return order_id


def test_it_closes_the_record_and_moves_neither_money_nor_stock(shop, doubted):
    money, entries = shop.orders.money(doubted), dict(shop.store.entries)
    reply = shop.post(f"/orders/{doubted}/settlement", BY_HAND, by=OLGA)
    expected = {"order_id": doubted, "check": "CheckOrders", "found": "money: odd", "parked": False}
    assert (reply.status, reply.json) == (200, expected)
    last = shop.orders.events(doubted)[-1]
    assert (last.by, last.event) == ("operator:olga", DiscrepancyAccepted("CheckOrders", BY_HAND["reason"]))
    assert (shop.orders.money(doubted), shop.store.entries) == (money, entries)
    assert shop.get("/queues", by=OLGA, query={"queue": "parked"}).json["items"] == []


def test_asked_for_again_it_changes_nothing_more(shop, doubted):
    first = shop.post(f"/orders/{doubted}/settlement", BY_HAND, by=OLGA)
    before = shop.state()
    again = shop.post(f"/orders/{doubted}/settlement", {**BY_HAND, "reason": "another"}, by=OLGA)
    assert (again.status, again.json) == (200, first.json)
    assert shop.state() == before


def test_what_an_execution_parked_stays_parked(shop):
    order_id = shop.parked()
    reply = shop.post(f"/orders/{order_id}/settlement", BY_HAND, by=OLGA)
    assert (reply.status, reply.problem) == (409, "order-not-parked")
    shop.save(order_id, lambda order: parking.park_discrepancy(order, "CheckStock", "stock: odd"))
    reply = shop.post(f"/orders/{order_id}/settlement", {**BY_HAND, "check": "CheckStock"}, by=OLGA)
    assert reply.json["parked"] is True


def test_only_what_was_seen_is_settled(shop, doubted):
    etag = shop.get(f"/orders/{doubted}", by=OLGA).headers["ETag"]
    shop.save(doubted, lambda order: parking.park_discrepancy(order, "CheckOrders", "money: odder"))
    path, stale = f"/orders/{doubted}/settlement", {"If-Match": etag}
    assert shop.post(path, BY_HAND, by=OLGA, headers=stale).status == 412
    assert shop.orders.get(doubted).parked["CheckOrders"].cause == "money: odder"
    fresh = {"If-Match": shop.get(f"/orders/{doubted}", by=OLGA).headers["ETag"]}
    assert shop.post(path, BY_HAND, by=OLGA, headers=fresh).json["found"] == "money: odder"


def test_a_shopper_reads_nothing_of_it(shop, doubted):
    shop.post(f"/orders/{doubted}/settlement", BY_HAND, by=OLGA)
    entry = shop.get(f"/orders/{doubted}").json["timeline"][-1]
    assert (entry["event"], entry["data"]) == ("DiscrepancyAccepted", {})
