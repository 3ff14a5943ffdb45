"""The tables as ``tables.json`` declares them, for boto3. The CDK app reads the same file.

orders      pk = order id; sk = ``order``, ``event#000001``, ``money#<effect id>`` or ``wait#<name>``
            pk = ``code#<code>``; sk = ``code``: a discount code with its counter, ``customer#<id>``: a customer's
            own, or ``use#<effect id>``: a line of the code's ledger
            pk = ``credit#<customer id>``; sk = ``balance#<currency>``: their store credit, or ``entry#<effect id>``: a
            line of its ledger
inventory   pk = SKU, sk = ``stock``: its counters, and ``stock#01`` and so on where those are split;
            pk = effect id, sk = ``entry``: a line of the ledger
products    pk = SKU
carts       pk = whose cart it is
baskets     pk = SKU, sk = when the order was placed and its id: what was bought with it
filed       pk = ``sku#<SKU>``, ``customer#<id>`` or ``all#<shard>``: a list of orders, sk = an order's place in it

Every key is a string. ``key`` is the partition key and, where there is one, the sort key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Index:
    key: Sequence[str]
    projection: str


@dataclass(frozen=True)
class Table:
    environment: str
    """The environment variable that names the table."""
    key: Sequence[str]
    indexes: Mapping[str, Index]
    stream: str | None
    ttl: str | None

    def creation(self, name: str) -> dict[str, Any]:
        """What ``create_table`` takes."""
        keys = [self.key, *(index.key for index in self.indexes.values())]
        request: dict[str, Any] = {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": _schema(self.key),
            "AttributeDefinitions": [
                {"AttributeName": attribute, "AttributeType": "S"} for attribute in sorted({a for k in keys for a in k})
            ],
        }
        if self.indexes:
            request["GlobalSecondaryIndexes"] = [
                {"IndexName": each, "KeySchema": _schema(index.key), "Projection": {"ProjectionType": index.projection}}
                for each, index in self.indexes.items()
            ]
        if self.stream:
            request["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": self.stream}
        return request

    def expiry(self, name: str) -> dict[str, Any] | None:
        """What ``update_time_to_live`` takes, of a table whose items expire."""
        if self.ttl is None:
            return None
        return {"TableName": name, "TimeToLiveSpecification": {"Enabled": True, "AttributeName": self.ttl}}


def tables() -> dict[str, Table]:
    declared = json.loads((Path(__file__).parent / "tables.json").read_text())
    return {name: _table(**table) for name, table in declared.items()}


def _table(
    environment: str, key: Sequence[str], indexes: Mapping[str, Any], stream: str | None, ttl: str | None
) -> Table:
    return Table(environment, key, {name: Index(**index) for name, index in indexes.items()}, stream, ttl)


def _schema(key: Sequence[str]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(key, ("HASH", "RANGE"), strict=False)]
