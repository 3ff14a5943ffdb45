"""Items decode to the records that they were made of, also items of newer and older releases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oms.adapters.dynamodb import items
from oms.adapters.dynamodb.item_codec import item_codec, text_codec
from oms.domain.catalogue import Product
from oms.domain.change import MoneyEntry
from oms.domain.events import TYPES, OrderPlaced, Recorded, Units
from oms.domain.inventory import Movement, Stock, StockEntry
from oms.domain.money import Money
from oms.domain.order import Line, Order, Payment, Review
from tests.domain.orders import taken_order

TIMES = st.datetimes(timezones=st.just(UTC))
MOVEMENTS = st.lists(st.builds(Movement), unique_by=lambda movement: movement.sku).map(tuple)

thoroughly = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])

st.register_type_strategy(datetime, TIMES)
st.register_type_strategy(int, st.integers(-(2**53), 2**53))


def over_the_wire(item: items.Item) -> items.Item:
    """The item after a round trip through DynamoDB's JSON."""
    carried: items.Item = json.loads(json.dumps(item))
    return carried


@thoroughly
@given(st.from_type(Order))
def test_orders_come_back(order: Order) -> None:
    assert items.order_of(over_the_wire(items.order_item(order))) == order


@thoroughly
@given(st.sampled_from(sorted(TYPES)).flatmap(lambda name: st.from_type(TYPES[name])), TIMES, st.integers(1), st.text())
def test_events_come_back(event: Any, at: datetime, sequence: int, by: str) -> None:
    recorded = Recorded(sequence, at, by, event)

    assert items.event_of(over_the_wire(items.event_item("ord_1", recorded))) == recorded


@thoroughly
@given(st.builds(StockEntry, movements=MOVEMENTS))
def test_stock_entries_come_back(entry: StockEntry) -> None:
    assert items.entry_of(over_the_wire(items.entry_item(entry))) == entry


@thoroughly
@given(st.from_type(MoneyEntry))
def test_money_entries_come_back(entry: MoneyEntry) -> None:
    assert items.money_of(over_the_wire(items.money_item(entry))) == entry


@thoroughly
@given(st.from_type(Product))
def test_products_come_back(product: Product) -> None:
    assert items.product_of(over_the_wire(items.product_item(product))) == product


def test_what_a_newer_version_wrote_beside_what_we_know_is_left_alone() -> None:
    order = taken_order(Units("RED-LAMP", 1))
    item = items.order_item(order)
    item["newer"] = {"M": {"a": {"L": [{"BOOL": True}, {"N": "1"}]}}}
    with (
        changed(item, "payment") as payment,
        changed(item, "lines") as lines,
        changed(item, "cancellations") as cancellations,
    ):
        for record in (payment, *lines, *cancellations.values()):
            record["newer"] = {"a": [True, 1]}

    assert items.order_of(item) == order


def test_what_an_older_version_did_not_write_has_its_default() -> None:
    order = taken_order()
    item = items.order_item(order)
    for name in ("payment", "review", "reason", "refunds"):
        del item[name]
    with changed(item, "lines") as lines:
        del lines[0]["returning"]

    read = items.order_of(item)

    assert (read.payment, read.review, read.reason, read.refunds) == (Payment(), None, "", {})
    assert read.lines == order.lines


@contextmanager
def changed(item: items.Item, name: str) -> Iterator[Any]:
    """Yields the value of an attribute's JSON text, and writes it back after changes."""
    value = json.loads(item[name]["S"])
    yield value
    item[name]["S"] = json.dumps(value)


def test_an_event_of_a_newer_version_is_no_event_of_ours() -> None:
    item = items.event_item("ord_1", Recorded(1, datetime.now(UTC), "x", OrderPlaced("o", "c", "USD", (), "", {}, "")))
    item["name"] = {"S": "OrderTeleported"}

    with pytest.raises(KeyError, match="OrderTeleported"):
        items.event_of(item)


def test_what_is_plain_is_an_attribute_and_what_has_parts_is_a_text() -> None:
    assert item_codec(Product).encode(Product("L", "Lampe für Ömer", "HOME", "", "", Money(1999, "USD"))) == {
        "sku": {"S": "L"},
        "name": {"S": "Lampe für Ömer"},
        "department": {"S": "HOME"},
        "category": {"S": ""},
        "brand": {"S": ""},
        "price": {"S": '{"minor":1999,"currency":"USD"}'},
    }
    assert text_codec(Review | None).encode(Review("2026-01-01", None)) == '{"deadline":"2026-01-01","approved":null}'
    assert text_codec(tuple[Line, ...]).encode(()) == "[]"


def test_counters_are_read_beside_what_follows_from_them() -> None:
    item = {**items.key("LAMP", items.STOCK), "on_hand": {"N": "5"}, "reserved": {"N": "2"}, "available": {"N": "3"}}

    assert items.stock_of(item) == Stock("LAMP", 5, 2)
