"""Dataclasses as DynamoDB attribute values and back: native maps, compiled once a class from its annotations.

A field that an item lacks takes its default, and one that the class doesn't know, of a newer version, is ignored.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

Attribute = dict[str, Any]
"""An attribute value with its type, as in {"S": "RED-LAMP"}."""


class Codec(NamedTuple):
    encode: Callable[[Any], Attribute]
    decode: Callable[[Attribute], Any]


def codec(kind: Any) -> Codec:
    """For a dataclass, str, int, bool, datetime or StrEnum; an optional one, a tuple, or a mapping from str of them."""
    return _compiled(kind)


@cache
def _compiled(kind: Any) -> Codec:
    origin = get_origin(kind)
    if origin is types.UnionType:
        return _optional(next(each for each in get_args(kind) if each is not types.NoneType))
    if origin is tuple:
        return _many(get_args(kind)[0])
    if origin is not None and issubclass(origin, Mapping):
        return _by_name(get_args(kind)[1])
    if is_dataclass(kind):
        return _fields(kind)
    if issubclass(kind, StrEnum):
        return Codec(lambda value: {"S": value.value}, lambda attribute: kind(attribute["S"]))
    return _SCALARS[kind]


_SCALARS = {
    str: Codec(lambda value: {"S": value}, lambda attribute: attribute["S"]),
    int: Codec(lambda value: {"N": str(value)}, lambda attribute: int(attribute["N"])),
    bool: Codec(lambda value: {"BOOL": value}, lambda attribute: attribute["BOOL"]),
    datetime: Codec(lambda value: {"S": value.isoformat()}, lambda attribute: datetime.fromisoformat(attribute["S"])),
}


def _optional(kind: Any) -> Codec:
    encode, decode = codec(kind)
    return Codec(
        lambda value: {"NULL": True} if value is None else encode(value),
        lambda attribute: None if "NULL" in attribute else decode(attribute),
    )


def _many(kind: Any) -> Codec:
    encode, decode = codec(kind)
    return Codec(
        lambda values: {"L": [encode(value) for value in values]},
        lambda attribute: tuple([decode(each) for each in attribute["L"]]),
    )


def _by_name(kind: Any) -> Codec:
    encode, decode = codec(kind)
    return Codec(
        lambda values: {"M": {name: encode(value) for name, value in values.items()}},
        lambda attribute: {name: decode(each) for name, each in attribute["M"].items()},
    )


def _fields(kind: Any) -> Codec:
    hints = get_type_hints(kind)
    codecs = [(field.name, codec(hints[field.name])) for field in fields(kind)]
    encoders = [(name, each.encode) for name, each in codecs]
    decoders = [(name, each.decode) for name, each in codecs]

    def decode(attribute: Attribute) -> Any:
        found = attribute["M"]
        return kind(**{name: decode(found[name]) for name, decode in decoders if name in found})

    return Codec(
        lambda value: {"M": {name: encode(getattr(value, name)) for name, encode in encoders}},
        decode,
    )
