"""What ministack asks of an item value by value, asked at once of one whose values are plain, as all of the shop's are.

Plain are a text, a number as DynamoDB writes it, a boolean, and a null: of an item of these there is nothing to say but
how long it is, and its keys. Of every other one ministack says in its own words what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import orjson
from ministack.services import dynamodb

NUMBERS = 10_000
SHORT = dynamodb._DDB_SORT_KEY_MAX_BYTES // 4
"""Characters: so long may any key be, whatever it is written in."""
MOST_BYTES = dynamodb._DDB_ITEM_MAX_BYTES
OTHER = AttributeError, KeyError, TypeError, ValueError
"""What comes of taking something for a plain value that is none."""

canonical = lru_cache(NUMBERS)(dynamodb._ddb_canonicalize_number)
asked_by_value, keys_by_value, weighed = (
    dynamodb._validate_item,
    dynamodb._resolve_table_key_values,
    dynamodb._attribute_value_size,
)
names_of = dynamodb._index_key_lists
known_indexes: dict[int, tuple[Any, Any]] = {}


def error(item: Any, pk_name: str | None = None, sk_name: str | None = None, *message: str) -> Any:
    """What is wrong with an item that is to be written, if anything is."""
    try:
        keys = [item[name]["S"] for name in (pk_name, sk_name) if name in item]
        if all(0 < len(key) <= SHORT for key in keys) and are_plain(item.values()) and json_bytes(item) <= MOST_BYTES:
            return None
    except OTHER:
        pass
    return asked_by_value(item, pk_name, sk_name, *message)


def are_plain(values: Iterable[Any]) -> bool:
    """Of attribute values with their types. Raises one of ``OTHER`` where some are none."""
    for value in values:
        ((kind, content),) = value.items()
        if kind == "S":
            plain = type(content) is str
        elif kind == "N":
            plain = type(content) is str and canonical(content) == content
        else:
            plain = (content is True and kind in ("BOOL", "NULL")) or (content is False and kind == "BOOL")
        if not plain:
            return False
    return True


def keys(table: Any, attributes: Any, allow_extra: bool) -> Any:
    """The values of a table's keys among attributes, and what is wrong with them, if anything is."""
    pk_name, sk_name = table["pk_name"], table["sk_name"]
    try:
        pk = short_text(table, pk_name, attributes)
        sk = short_text(table, sk_name, attributes) if sk_name else "__no_sort__"
        if pk and sk and (allow_extra or len(attributes) == (2 if sk_name else 1)):
            return pk, sk, None
    except OTHER:
        pass
    return keys_by_value(table, attributes, allow_extra)


def short_text(table: Any, name: str, attributes: Any) -> str | None:
    """A key that is a text, as its table wants it."""
    ((kind, content),) = attributes[name].items()
    is_good = kind == "S" == dynamodb._get_attr_type(table, name) and len(content) <= SHORT
    return content if is_good else None


def index_keys(index: Any) -> Any:
    """The names of an index's keys, which are the same for ever."""
    known = known_indexes.get(id(index))
    if known is None or known[0] is not index:
        known = known_indexes[id(index)] = index, names_of(index)
    return known[1]


def json_bytes(item: Any) -> int:
    """More than DynamoDB counts. Raises ``TypeError`` where it is no JSON."""
    return len(orjson.dumps(item))


def size_bytes(item: Any) -> int:
    """As DynamoDB counts them."""
    if not isinstance(item, dict):
        return 0
    names = sum(len(name) if name.isascii() else len(name.encode()) for name in item)
    return names + sum(map(value_bytes, item.values()))


def value_bytes(value: Any) -> int:
    content = value.get("S") if isinstance(value, dict) and len(value) == 1 else None
    if type(content) is str and content.isascii():
        return len(content)
    size: int = weighed(value)
    return size
