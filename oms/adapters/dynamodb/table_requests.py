"""The requests that create the declared tables, for boto3: on one machine and in tests. On AWS the CDK app does it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oms.declarations.tables import TableDeclaration


def create_table_request(name: str, table: TableDeclaration) -> dict[str, Any]:
    """The parameters of ``create_table``."""
    keys = [table.key, *(index.key for index in table.indexes.values())]
    request: dict[str, Any] = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _key_schema(table.key),
        "AttributeDefinitions": [
            {"AttributeName": attribute, "AttributeType": "S"} for attribute in sorted({a for key in keys for a in key})
        ],
    }
    if table.indexes:
        request["GlobalSecondaryIndexes"] = [
            {"IndexName": each, "KeySchema": _key_schema(index.key), "Projection": {"ProjectionType": index.projection}}
            for each, index in table.indexes.items()
        ]
    if table.stream:
        request["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": table.stream}
    return request


def time_to_live_request(name: str, table: TableDeclaration) -> dict[str, Any] | None:
    """The parameters of ``update_time_to_live``, or None for a table whose items don't expire."""
    if table.ttl is None:
        return None
    return {"TableName": name, "TimeToLiveSpecification": {"Enabled": True, "AttributeName": table.ttl}}


def _key_schema(key: Sequence[str]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(key, ("HASH", "RANGE"), strict=False)]
