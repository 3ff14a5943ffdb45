"""The implementations of the intrinsic functions: each takes the scope (for random numbers) and its arguments."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import uuid
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

from asl.language.errors import StatesError
from asl.language.intrinsics.java import java_string
from asl.language.intrinsics.syntax import Template
from asl.language.scope import Scope

MAX_RANGE = 1000
MAX_ENCODED = 10_000
_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
_PLACEHOLDER = re.compile(r"\\(.)|\{\}")


def _failure(cause: str) -> StatesError:
    return StatesError("States.IntrinsicFailure", cause)


def _array(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _failure(f"States.{name} needs an array but was given {json.dumps(value)[:200]}")
    return value


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _failure(f"States.{name} needs a string but was given {json.dumps(value)[:200]}")
    return str(value)


def _number(name: str, value: Any) -> int:
    """A whole number; a fraction is rounded as Java rounds, halves towards positive infinity."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _failure(f"States.{name} needs a number but was given {json.dumps(value)[:200]}")
    return value if isinstance(value, int) else math.floor(Decimal(repr(value)) + Decimal("0.5"))


def _format(scope: Scope, template: Any, *values: Any) -> str:
    raw = template.raw if isinstance(template, Template) else _text("Format", template)
    remaining = iter(values)
    used = 0

    def fill(placeholder: re.Match[str]) -> str:
        nonlocal used
        if placeholder[1] is not None:
            return placeholder[1]
        used += 1
        try:
            return java_string(next(remaining))
        except StopIteration:
            raise _failure("States.Format has more placeholders than arguments") from None

    text = _PLACEHOLDER.sub(fill, raw)
    if used != len(values):
        raise _failure("States.Format has more arguments than placeholders")
    return text


def _string_to_json(scope: Scope, text: Any) -> Any:
    text = _text("StringToJson", text)
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _failure(f"States.StringToJson was given no valid JSON: {text[:200]}") from None


def _json_to_string(scope: Scope, value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _new_array(scope: Scope, *values: Any) -> list[Any]:
    return list(values)


def _array_partition(scope: Scope, array: Any, size: Any) -> list[list[Any]]:
    items, step = _array("ArrayPartition", array), _number("ArrayPartition", size)
    if step < 1:
        raise _failure("States.ArrayPartition needs a chunk size greater than zero")
    return [items[i : i + step] for i in range(0, len(items), step)]


def _json_equal(left: Any, right: Any) -> bool:
    """JSON equality: true is not 1, and 1 is 1.0."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_json_equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_json_equal(left[key], right[key]) for key in left)
    return bool(left == right)


def _array_contains(scope: Scope, array: Any, value: Any) -> bool:
    return any(_json_equal(item, value) for item in _array("ArrayContains", array))


def _array_range(scope: Scope, first: Any, last: Any, step: Any) -> list[int]:
    start, end, by = (_number("ArrayRange", value) for value in (first, last, step))
    if by == 0:
        raise _failure("States.ArrayRange needs a step other than zero")
    numbers = range(start, end + (1 if by > 0 else -1), by)
    if len(numbers) > MAX_RANGE:
        raise _failure(f"States.ArrayRange can't make more than {MAX_RANGE} items")
    return list(numbers)


def _array_get_item(scope: Scope, array: Any, index: Any) -> Any:
    items, position = _array("ArrayGetItem", array), _number("ArrayGetItem", index)
    if not 0 <= position < len(items):
        raise _failure(f"States.ArrayGetItem was given the index {position} for an array of {len(items)} items")
    return items[position]


def _array_length(scope: Scope, array: Any) -> int:
    return len(_array("ArrayLength", array))


def _array_unique(scope: Scope, array: Any) -> list[Any]:
    unique: dict[str, Any] = {}
    for item in _array("ArrayUnique", array):
        unique.setdefault(json.dumps(item, sort_keys=True), item)
    return list(unique.values())


def _base64_encode(scope: Scope, text: Any) -> str:
    data = _bounded("Base64Encode", text).encode()
    return base64.b64encode(data).decode()


def _base64_decode(scope: Scope, text: Any) -> str:
    try:
        return base64.b64decode(_bounded("Base64Decode", text), validate=True).decode("utf-8", "replace")
    except ValueError:
        raise _failure("States.Base64Decode was given no valid Base64") from None


def _bounded(name: str, value: Any) -> str:
    text = _text(name, value)
    if len(text) > MAX_ENCODED:
        raise _failure(f"States.{name} can't take more than {MAX_ENCODED} characters")
    return text


def _hash(scope: Scope, data: Any, algorithm: Any) -> str:
    name = _HASHES.get(_text("Hash", algorithm))
    if name is None:
        raise _failure(f"States.Hash doesn't know the algorithm {algorithm}")
    if isinstance(data, str) and len(data) > MAX_ENCODED:
        raise _failure(f"States.Hash can't take more than {MAX_ENCODED} characters")
    text = data if isinstance(data, str) else _json_to_string(scope, data)
    return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()


def _json_merge(scope: Scope, left: Any, right: Any, deep: Any) -> dict[str, Any]:
    if not isinstance(left, dict) or not isinstance(right, dict):
        raise _failure("States.JsonMerge needs two objects")
    if deep is not False:
        raise _failure("States.JsonMerge supports the shallow mode alone: its third argument must be false")
    return {**left, **right}


def _math_random(scope: Scope, start: Any, end: Any, seed: Any = None) -> int:
    low, high = _number("MathRandom", start), _number("MathRandom", end)
    if low >= high:
        raise _failure("States.MathRandom needs a start that is less than its end")
    source = scope.random if seed is None else Random(_number("MathRandom", seed))
    return source.randrange(low, high)


def _math_add(scope: Scope, left: Any, right: Any) -> int:
    return _number("MathAdd", left) + _number("MathAdd", right)


def _string_split(scope: Scope, text: Any, splitter: Any) -> list[str]:
    """Every character of the splitter is a separator; empty parts are dropped, as in Java's StringTokenizer."""
    separators = _text("StringSplit", splitter)
    body = _text("StringSplit", text)
    if not separators:
        return [body]
    return [part for part in re.split(f"[{re.escape(separators)}]", body) if part]


def _uuid(scope: Scope) -> str:
    return str(uuid.UUID(int=scope.random.getrandbits(128), version=4))


FUNCTIONS: dict[str, tuple[Callable[..., Any], int, int]] = {
    "States.Array": (_new_array, 0, 1000),
    "States.ArrayContains": (_array_contains, 2, 2),
    "States.ArrayGetItem": (_array_get_item, 2, 2),
    "States.ArrayLength": (_array_length, 1, 1),
    "States.ArrayPartition": (_array_partition, 2, 2),
    "States.ArrayRange": (_array_range, 3, 3),
    "States.ArrayUnique": (_array_unique, 1, 1),
    "States.Base64Decode": (_base64_decode, 1, 1),
    "States.Base64Encode": (_base64_encode, 1, 1),
    "States.Format": (_format, 1, 1000),
    "States.Hash": (_hash, 2, 2),
    "States.JsonMerge": (_json_merge, 3, 3),
    "States.JsonToString": (_json_to_string, 1, 1),
    "States.MathAdd": (_math_add, 2, 2),
    "States.MathRandom": (_math_random, 2, 3),
    "States.StringSplit": (_string_split, 2, 2),
    "States.StringToJson": (_string_to_json, 1, 1),
    "States.UUID": (_uuid, 0, 0),
}
"""Every function by name, with its minimum and maximum number of arguments."""
