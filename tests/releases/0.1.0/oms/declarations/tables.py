"""The DynamoDB tables, as ``oms/adapters/dynamodb/tables.json`` declares them. Every key attribute is a string."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from oms.declarations.files import read_json


@dataclass(frozen=True)
class IndexDeclaration:
    """A global secondary index."""

    key: Sequence[str]
    projection: str


@dataclass(frozen=True)
class TableDeclaration:
    """A table. ``key`` is the partition key and, if there is one, the sort key."""

    variable: str
    """The environment variable that holds the table's name."""
    key: Sequence[str]
    indexes: Mapping[str, IndexDeclaration]
    stream: str | None
    """The view type of its stream."""
    ttl: str | None
    """The attribute that says when an item expires."""


@cache
def tables() -> Mapping[str, TableDeclaration]:
    """The tables, by name."""
    return {name: _table(**table) for name, table in read_json("oms/adapters/dynamodb/tables.json").items()}


def _table(indexes: Mapping[str, Any], **table: Any) -> TableDeclaration:
    return TableDeclaration(indexes={name: IndexDeclaration(**index) for name, index in indexes.items()}, **table)
