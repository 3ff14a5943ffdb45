"""Dataclasses as DynamoDB items and back, compiled once a class from its annotations.

A plain field is an attribute of its own, which conditions and indexes can see. What is made of parts (a record, a list,
a mapping) is one attribute, its JSON text: nothing asks after a part of it, and a table checks, counts and copies a
text faster than a tree of typed values.

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

import orjson

Attribute = dict[str, Any]
"""An attribute value with its type, as in {"S": "RED-LAMP"}."""


Decode = Callable[[Any], Any]


class Codec(NamedTuple):
    encode: Callable[[Any], Any]
    decode: Decode


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
def _decoder(kind: Any) -> Decode:
    """From what JSON is made of. The other way orjson knows, of records, times and enums; and mappings are dicts."""
    if _is_optional(kind):
        decode = _decoder(_given(kind))
        return decode if decode is _as_it_is else lambda value: None if value is None else decode(value)
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
    return kind if issubclass(kind, StrEnum) else _as_it_is


def _record(kind: Any, decoders: Mapping[str, Decode]) -> Decode:
    known = list(decoders.items())
    return lambda found: kind(
        **{name: found[name] if decode is _as_it_is else decode(found[name]) for name, decode in known if name in found}
    )


def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _is_optional(kind: Any) -> bool:
    return get_origin(kind) is types.UnionType


def _given(optional: Any) -> Any:
    return next(each for each in get_args(optional) if each is not types.NoneType)


def _as_it_is(value: Any) -> Any:
    return value
