"""What is said of an item at once is what ministack says of it value by value."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from local.aws.ministack_patches import items as at_once

KEYS = {"pk": {"S": "ord-1"}, "sk": {"S": "order"}}
TABLE = {
    "pk_name": "pk",
    "sk_name": "sk",
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in KEYS],
}
ATTRIBUTES: list[Any] = [
    {"S": ""}, {"S": "text"}, {"S": "ein Käse"}, {"S": 5}, {"S": None}, {"S": "x" * 1030}, {"S": "x" * 2050},
    {"S": "x" * 410_000}, {"S": "ä" * 205_000}, {"S": "\ud800"},
    {"N": "0"}, {"N": "-12.50"}, {"N": "007"}, {"N": "1e3"}, {"N": ""}, {"N": "seven"}, {"N": 7}, {"N": "9" * 39},
    {"BOOL": True}, {"BOOL": False}, {"BOOL": "true"}, {"NULL": True}, {"NULL": False}, {"B": "aGVsbG8="},
    {"SS": ["a", "b"]}, {"SS": ["a", "a"]}, {"SS": []}, {"L": [{"S": "a"}, {"N": "01"}]}, {"M": {"a": {"NULL": True}}},
    {"X": "a"}, {}, {"S": "a", "N": "1"}, None, "text", [],
]  # fmt: skip


@pytest.mark.parametrize("name", ["other", "pk", "sk", "näme"])
@pytest.mark.parametrize("attribute", ATTRIBUTES, ids=lambda each: repr(each)[:30])
def test_the_same_is_wrong_with_an_item_and_it_becomes_the_same(name: str, attribute: Any) -> None:
    item = {**KEYS, "version": {"N": "3"}, name: attribute}
    one, other = copy.deepcopy(item), copy.deepcopy(item)

    assert outcome(at_once.error, one, "pk", "sk") == outcome(at_once.asked_by_value, other, "pk", "sk")
    assert one == other


@pytest.mark.parametrize("allow_extra", [True, False])
@pytest.mark.parametrize("attributes", [
    KEYS, {**KEYS, "more": {"N": "1"}}, {"pk": {"S": "ord-1"}}, {**KEYS, "sk": {"N": "1"}}, {**KEYS, "sk": {"S": ""}},
    {**KEYS, "sk": {"S": "x" * 1025}}, {**KEYS, "pk": {"S": "x" * 2049}}, {**KEYS, "sk": {"S": 5}},
    {**KEYS, "sk": {"S": "a", "N": "1"}}, {**KEYS, "sk": None}, {}, None, "text",
], ids=lambda each: repr(each)[:50])  # fmt: skip
def test_the_same_keys_are_found(attributes: Any, allow_extra: bool) -> None:
    told = outcome(at_once.keys, TABLE, attributes, allow_extra)

    assert told == outcome(at_once.keys_by_value, TABLE, attributes, allow_extra)


@pytest.mark.parametrize("attribute", ATTRIBUTES, ids=lambda each: repr(each)[:30])
def test_a_value_weighs_the_same(attribute: Any) -> None:
    assert outcome(at_once.value_bytes, attribute) == outcome(at_once.weighed, attribute)


def test_an_item_of_the_shop_is_asked_nothing_by_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_once, "asked_by_value", lambda *_: pytest.fail("asked by value"))
    monkeypatch.setattr(at_once, "keys_by_value", lambda *_: pytest.fail("asked by value"))
    item = {**KEYS, "version": {"N": "3"}, "reason": {"S": ""}, "review": {"NULL": True}, "paid": {"BOOL": False}}

    assert at_once.error(item, "pk", "sk") is None
    assert at_once.keys(TABLE, item, allow_extra=True) == ("ord-1", "order", None)


def outcome(ask: Any, *about: Any) -> Any:
    """What it answers, with the words of an error response; or what it raises."""
    try:
        return ask(*about)
    except Exception as error:
        return type(error)
