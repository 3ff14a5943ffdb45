"""Where two JSON values differ, and how to say so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

ABSENT = object()
Place = tuple[str | int, ...]
Leaf = tuple[Place, Any, Any]
"""A place, what was there, what is there now."""


def leaves(old: Any, new: Any, equal: Callable[[Any, Any], bool], at: Place = ()) -> Iterator[Leaf]:
    """The places at which two values differ; `equal` judges what is neither object nor array."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from leaves(old.get(key, ABSENT), new.get(key, ABSENT), equal, (*at, key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for i, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from leaves(one, other, equal, (*at, i))
    elif (type(old) is not type(new) or old != new) and (ABSENT in (old, new) or not equal(old, new)):
        yield at, old, new


def said(leaf: Leaf) -> str:
    """``$.total was 5, is 6``."""
    place, old, new = leaf
    path = "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    if old is ABSENT:
        return f"{path} is new: {shown(new)}"
    if new is ABSENT:
        return f"{path} is gone: {shown(old)}"
    return f"{path} was {shown(old)}, is {shown(new)}"


def shown(value: Any) -> str:
    return cut(json.dumps(value, ensure_ascii=False), 80)


def cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 3]}…"
