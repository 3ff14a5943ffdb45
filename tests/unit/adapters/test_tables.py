"""The adapters use every declared key and index, and no other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from moto import mock_aws

from oms.adapters.aws.json_protocol import Headers
from oms.adapters.dynamodb.table_requests import time_to_live_request
from oms.declarations.tables import tables
from oms.domain.baskets import Basket
from oms.domain.catalogue import Product
from oms.domain.change import Change, MoneyEntry, MoneyReason
from oms.domain.credit import grant
from oms.domain.inventory import receive
from oms.domain.money import Money
from oms.domain.order_index import OrderQuery
from tests.contract.orders import NOON, place
from tests.contract.stores import Stores, in_dynamodb, to_moto

WITHOUT_ADAPTER = {"carts"}
WRITTEN = {"Put": "Item", "Update": "Key", "PutRequest": "Item", "ConditionCheck": "Key"}


class Requests:
    """Records which tables and indexes the adapters use, and the keys that they write."""

    def __init__(self) -> None:
        self.indexes: set[tuple[str, str | None]] = set()
        self.attributes: dict[str, set[str]] = {}

    def __call__(self, body: bytes, headers: Headers) -> tuple[int, bytes]:
        if not headers["X-Amz-Target"].endswith(".CreateTable"):
            self._note(json.loads(body))
        return to_moto(body, headers)

    def _note(self, params: Mapping[str, Any]) -> None:
        if "TableName" in params:
            self.indexes.add((_logical(params["TableName"]), params.get("IndexName")))
        for table, keys in params.get("RequestItems", {}).items():
            self.indexes.add((_logical(table), None))
            for write in keys if isinstance(keys, list) else ():
                self._written(table, write)
        for action in params.get("TransactItems", ()):
            (request,) = action.values()
            self._written(request["TableName"], action)

    def _written(self, table: str, action: Mapping[str, Any]) -> None:
        ((kind, request),) = action.items()
        self.attributes.setdefault(_logical(table), set()).update(request[WRITTEN[kind]])


def _logical(name: str) -> str:
    return name.split("-")[0]


@pytest.fixture
def requests() -> Iterator[Requests]:
    """The requests of every method of every adapter."""
    with mock_aws():
        noted = Requests()
        _use_all(in_dynamodb(noted))
        yield noted


def _use_all(stores: Stores) -> None:
    orders, inventory, products = stores.orders, stores.inventory, stores.products
    order = place(orders)
    money = (MoneyEntry("m", order.id, MoneyReason.VOIDED, Money(0, "USD")),)
    orders.save(order, Change(money=money, waits={"review": "token"}), NOON, "test")
    orders.get(order.id)
    orders.numbered(order.number)
    orders.events(order.id)
    orders.money(order.id)
    orders.waits(order.id, "review")
    orders.of_customer("anna", 1)
    orders.in_queue("starting", 1)
    orders.every(1)
    inventory.apply(receive("in", [("LAMP", 1)]))
    inventory.stock(["LAMP"])
    inventory.every_stock(1)
    inventory.every_entry(1)
    products.put([Product("LAMP", "Lamp", "HOME", "", "", Money(1, "USD"))])
    products.get(["LAMP"])
    products.in_department("HOME", 1)
    stores.baskets.add(Basket(order.id, NOON, ("LAMP",)))
    stores.baskets.with_product("LAMP", 1)
    stores.credit.grant(grant("g", "anna", Money(1, "USD"), "sorry"), NOON, "test")
    stores.credit.entries("anna", 1)
    stores.order_index.add([order])
    stores.order_index.find(OrderQuery(status=order.status), 1)


def test_every_index_is_read_and_none_that_is_not_declared(requests: Requests) -> None:
    declared = {(name, index) for name, table in tables().items() for index in table.indexes}

    assert {used for used in requests.indexes if used[1]} == declared


def test_every_table_is_used_and_none_that_is_not_declared(requests: Requests) -> None:
    assert {table for table, _ in requests.indexes} == tables().keys() - WITHOUT_ADAPTER


def test_every_key_attribute_is_written(requests: Requests) -> None:
    for name, table in tables().items():
        keys = {*table.key, *(attribute for index in table.indexes.values() for attribute in index.key)}
        if name not in WITHOUT_ADAPTER:
            assert keys <= requests.attributes[name], name


def test_a_table_whose_items_expire_says_by_what() -> None:
    expiries = {name: time_to_live_request(name, table) for name, table in tables().items()}

    for name in ("carts", "baskets"):
        assert expiries.pop(name) == {
            "TableName": name,
            "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "expires_at"},
        }
    assert set(expiries.values()) == {None}
