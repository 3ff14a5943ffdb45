"""Encodes dataclasses as DynamoDB items, and decodes them, by codecs that are compiled from the annotations.

A field with a scalar type is an attribute of its own, for conditions and indexes. A field with a record, a tuple or a
mapping is one attribute with its JSON text: no request needs a part of it, and DynamoDB handles a text faster than a
tree of typed values.

A field that an item lacks gets its default. An attribute that the class lacks, of a newer release, is ignored.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

import orjson

Attribute = dict[str, Any]
"""An attribute value with its type, as in {"S": "RED-LAMP"}."""
Decode = Callable[[Any], Any]


class Codec(NamedTuple):
    encode: Callable[[Any], Any]
    decode: Decode


def item_codec(kind: Any) -> Codec:
    """The codec between a dataclass and an item's attributes. ``text_codec`` must take the types of its fields."""
    return _item(kind)


def text_codec(kind: Any) -> Codec:
    """The codec between a value and its JSON text.

    Takes dataclasses, str, int, bool, datetime and StrEnum, and optionals, tuples and mappings of them.
    """
    return _text(kind)


@cache
def _item(kind: Any) -> Codec:
    attributes = {name: _attribute(hint) for name, hint in _hints(kind).items()}
    encoders = [(name, each.encode) for name, each in attributes.items()]
    return Codec(
        lambda value: {name: encode(getattr(value, name)) for name, encode in encoders},
        _record(kind, {name: each.decode for name, each in attributes.items()}),
    )


@cache
def _text(kind: Any) -> Codec:
    decode = _decoder(kind)
    return Codec(lambda value: orjson.dumps(value, dict).decode(), lambda text: decode(orjson.loads(text)))


def _attribute(kind: Any) -> Codec:
    if kind in _SCALARS:
        return _SCALARS[kind]
    if _is_optional(kind):
        encode, decode = _attribute(_without_none(kind))
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
def _decoder(kind: Any) -> Decode:
    """Decodes the values that ``json`` parses. orjson encodes dataclasses, times and enums by itself."""
    if _is_optional(kind):
        decode = _decoder(_without_none(kind))
        return decode if decode is _unchanged else lambda value: None if value is None else decode(value)
    origin = get_origin(kind)
    if origin is tuple:
        decode = _decoder(get_args(kind)[0])
        return lambda values: tuple([decode(each) for each in values])
    if origin is not None and issubclass(origin, Mapping):
        decode = _decoder(get_args(kind)[1])
        return lambda values: {name: decode(each) for name, each in values.items()}
    if kind is datetime:
        return datetime.fromisoformat
    if is_dataclass(kind):
        return _record(kind, {name: _decoder(hint) for name, hint in _hints(kind).items()})
    return kind if issubclass(kind, StrEnum) else _unchanged


def _record(kind: Any, decoders: Mapping[str, Decode]) -> Decode:
    fields_of = list(decoders.items())
    return lambda members: kind(
        **{
            name: members[name] if decode is _unchanged else decode(members[name])
            for name, decode in fields_of
            if name in members
        }
    )


def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _is_optional(kind: Any) -> bool:
    return get_origin(kind) is types.UnionType


def _without_none(optional: Any) -> Any:
    return next(each for each in get_args(optional) if each is not types.NoneType)


def _unchanged(value: Any) -> Any:
    return value
