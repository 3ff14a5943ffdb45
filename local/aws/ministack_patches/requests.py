"""Requests and responses: JSON in C, copies without introspection, the request's account and region read directly.

Replaces, and gains:
- ``json`` in ``dynamodb``, ``dynamodb_streams`` and ``responses``, with orjson;
- ``copy`` in ``dynamodb``: an item is copied six times per update, by ``deepcopy``. Encoding and decoding it is faster;
- ``get_account_id`` and ``get_region`` in ``responses``, which are called for every key: without a function around the
  context variable.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import orjson
from ministack.core import responses
from ministack.services import dynamodb, dynamodb_streams


def copy_json(value: Any) -> Any:
    """A deep copy of a JSON value."""
    try:
        return orjson.loads(orjson.dumps(value))
    except TypeError:  # not quite JSON: a number over 64 bits, or half of a surrogate pair
        return deepcopy(value)


def dumps(value: Any, *, sort_keys: bool = False, default: Callable[[Any], Any] | None = None, **_: object) -> str:
    """``json.dumps``, except for spaces and escapes."""
    options = orjson.OPT_NON_STR_KEYS | (orjson.OPT_SORT_KEYS if sort_keys else 0)
    return orjson.dumps(value, default, options).decode()


def apply() -> None:
    dynamodb.copy = SimpleNamespace(deepcopy=copy_json)
    for module in (dynamodb, dynamodb_streams, responses):
        module.json = SimpleNamespace(dumps=dumps, loads=orjson.loads, JSONDecodeError=orjson.JSONDecodeError)
    responses.get_account_id, responses.get_region = responses._request_account_id.get, responses._request_region.get
