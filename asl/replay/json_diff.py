"""The differences of two JSON values, and their texts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

ABSENT = object()
JsonPath = tuple[str | int, ...]
JsonDifference = tuple[JsonPath, Any, Any]
"""A path, the old value and the new value there."""


def json_differences(
    old: Any, new: Any, equal: Callable[[Any, Any], bool], path: JsonPath = ()
) -> Iterator[JsonDifference]:
    """The paths at which two values differ. `equal` compares values that are neither objects nor arrays."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from json_differences(old.get(key, ABSENT), new.get(key, ABSENT), equal, (*path, key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from json_differences(one, other, equal, (*path, index))
    elif (type(old) is not type(new) or old != new) and (ABSENT in (old, new) or not equal(old, new)):
        yield path, old, new


def describe_difference(difference: JsonDifference) -> str:
    """``$.total was 5, is 6``."""
    steps, old, new = difference
    path = "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    if old is ABSENT:
        return f"{path} is new: {_format_value(new)}"
    if new is ABSENT:
        return f"{path} is gone: {_format_value(old)}"
    return f"{path} was {_format_value(old)}, is {_format_value(new)}"


def _format_value(value: Any) -> str:
    return shorten(json.dumps(value, ensure_ascii=False), 80)


def shorten(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 3]}…"
