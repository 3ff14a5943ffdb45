"""Dataclasses as DynamoDB items and back, compiled once a class from its annotations.

A plain field is an attribute of its own, which conditions and indexes can see. What is made of parts (a record, a list,
a mapping) is one attribute, its JSON text: nothing asks after a part of it, and a table checks, counts and copies a
text faster than a tree of typed values.

A field that an item lacks takes its default, and one that the class doesn't know, of a newer version, is ignored.
"""

from __future__ import annotations

import json
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
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


def item_codec(kind: Any) -> Codec:
    """Between a dataclass and an item's attributes; its fields are what ``text_codec`` takes."""
    return _item(kind)


def text_codec(kind: Any) -> Codec:
    """Between a value and its JSON text.

    For a dataclass, str, int, bool, datetime or StrEnum; an optional one, a tuple, or a mapping from str of them.
    """
    return _text(kind)


@cache
def _item(kind: Any) -> Codec:
    return _fields(kind, _attribute)


@cache
def _text(kind: Any) -> Codec:
    encode, decode = _plain(kind)
    write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    return Codec(lambda value: write(encode(value)), lambda text: decode(json.loads(text)))


def _attribute(kind: Any) -> Codec:
    if kind in _SCALARS:
        return _SCALARS[kind]
    if _is_optional(kind):
        encode, decode = _attribute(_given(kind))
        return Codec(
            lambda value: {"NULL": True} if value is None else encode(value),
            lambda attribute: None if "NULL" in attribute else decode(attribute),
        )
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return Codec(lambda value: {"S": value.value}, lambda attribute: kind(attribute["S"]))
    write, read = _text(kind)
    return Codec(lambda value: {"S": write(value)}, lambda attribute: read(attribute["S"]))


_SCALARS = {
    str: Codec(lambda value: {"S": value}, lambda attribute: attribute["S"]),
    int: Codec(lambda value: {"N": str(value)}, lambda attribute: int(attribute["N"])),
    bool: Codec(lambda value: {"BOOL": value}, lambda attribute: attribute["BOOL"]),
    datetime: Codec(lambda value: {"S": value.isoformat()}, lambda attribute: datetime.fromisoformat(attribute["S"])),
}


@cache
def _plain(kind: Any) -> Codec:
    """Between a value and what JSON is made of."""
    if _is_optional(kind):
        encode, decode = _plain(_given(kind))
        return Codec(
            lambda value: None if value is None else encode(value),
            lambda value: None if value is None else decode(value),
        )
    origin = get_origin(kind)
    if origin is tuple:
        encode, decode = _plain(get_args(kind)[0])
        return Codec(
            lambda values: [encode(value) for value in values], lambda values: tuple([decode(each) for each in values])
        )
    if origin is not None and issubclass(origin, Mapping):
        encode, decode = _plain(get_args(kind)[1])
        return Codec(
            lambda values: {name: encode(value) for name, value in values.items()},
            lambda values: {name: decode(each) for name, each in values.items()},
        )
    if kind is datetime:
        return Codec(datetime.isoformat, datetime.fromisoformat)
    if is_dataclass(kind):
        return _fields(kind, _plain)
    if issubclass(kind, StrEnum):
        return Codec(str, kind)
    return Codec(_as_it_is, _as_it_is)


def _fields(kind: Any, codec_of: Callable[[Any], Codec]) -> Codec:
    hints = get_type_hints(kind)
    codecs = [(field.name, codec_of(hints[field.name])) for field in fields(kind)]
    encoders = [(name, each.encode) for name, each in codecs]
    decoders = [(name, each.decode) for name, each in codecs]
    return Codec(
        lambda value: {name: encode(getattr(value, name)) for name, encode in encoders},
        lambda found: kind(**{name: decode(found[name]) for name, decode in decoders if name in found}),
    )


def _is_optional(kind: Any) -> bool:
    return get_origin(kind) is types.UnionType


def _given(optional: Any) -> Any:
    return next(each for each in get_args(optional) if each is not types.NoneType)


def _as_it_is(value: Any) -> Any:
    return value
