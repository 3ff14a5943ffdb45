"""JSONata functions of Step Functions: the added ones, and those that use the execution's clock and random seed.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html, "JSONata functions"
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

from jsonata import JException, Jsonata, Utils
from jsonata.functions import Functions

from asl.language.scope import Scope

NULL = Utils.NULL_VALUE
_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


class NativeFunction(Jsonata.JFunctionCallable):  # type: ignore[misc]
    """A Python function with a scope, in the form that the library calls."""

    def __init__(self, function: Callable[..., Any], scope: Scope) -> None:
        self._function = function
        self._scope = scope

    def call(self, input: Any, args: Any) -> Any:
        return self._function(self._scope, *args)


def to_json(value: Any) -> Any:
    """A value of the library as JSON; raises JException for a function."""
    if value is NULL:
        return None
    kind = type(value)
    if kind in (str, int, bool, float) or value is None:
        return value
    if isinstance(value, Utils.RangeList):
        return list(range(value.a, value.b + 1))
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    raise JException("D1001", 0, "a function")


def _partition(scope: Scope, array: Any, size: Any) -> Any:
    if array is None:
        return None
    step = int(size)
    if step < 1:
        raise ValueError("The second argument of the partition function must be a positive number")
    items = list(array)
    return [items[i : i + step] for i in range(0, len(items), step)]


def _range(scope: Scope, first: Any, last: Any, step: Any) -> list[Any]:
    if step == 0:
        raise ValueError("The third argument of the range function must not be zero")
    count = int((last - first) / step) + 1
    return [first + i * step for i in range(max(0, count))]


def _hash(scope: Scope, data: Any, algorithm: Any = "SHA-256") -> str:
    name = _HASHES.get(algorithm or "SHA-256")
    if name is None:
        raise ValueError(f"The hash function doesn't know the algorithm {algorithm}")
    text = data if isinstance(data, str) else json.dumps(to_json(data), separators=(",", ":"), ensure_ascii=False)
    return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()


def _random(scope: Scope, seed: Any = None) -> float:
    return (scope.random if seed is None else Random(seed)).random()


def _uuid(scope: Scope) -> str:
    return str(uuid.UUID(int=scope.random.getrandbits(128), version=4))


def _parse(scope: Scope, text: Any) -> Any:
    if text is None:
        return None
    value = json.loads(text)
    return NULL if value is None else value


def _millis(scope: Scope) -> int:
    return int(scope.now() * 1000)


def _now(scope: Scope, picture: Any = None, timezone: Any = None) -> Any:
    if picture is None and timezone is None:
        moment = datetime.fromtimestamp(scope.now(), UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
    return Functions.datetime_from_millis(_millis(scope), picture, timezone)


def _eval(scope: Scope, *arguments: Any) -> Any:
    raise JException("T1006", -1)


FUNCTIONS: dict[str, tuple[str, Callable[..., Any]]] = {
    "partition": ("<an:a>", _partition),
    "range": ("<nnn:a<n>>", _range),
    "hash": ("<xs?:s>", _hash),
    "random": ("<n?:n>", _random),
    "uuid": ("<:s>", _uuid),
    "parse": ("<s:x>", _parse),
    "millis": ("<:n>", _millis),
    "now": ("<s?s?:s>", _now),
    "eval": ("<s?x?:x>", _eval),
}
