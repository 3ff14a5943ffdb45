"""The patches answer as ministack's own functions, and refuse another version of ministack."""

from __future__ import annotations

import copy
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest

from local.aws.ministack_patches import apply_patches, items, version
from local.stack.processes import StackFailed
from local.stack.settings import StackSettings
from local.stack.state_folder import exclusive_stack
from tests.local.shop_process import environ_for

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
def test_an_item_has_the_same_error_and_the_same_normal_form(name: str, attribute: Any) -> None:
    item = {**KEYS, "version": {"N": "3"}, name: attribute}
    one, other = copy.deepcopy(item), copy.deepcopy(item)

    assert outcome(items.item_error, one, "pk", "sk") == outcome(items.original_error, other, "pk", "sk")
    assert one == other


@pytest.mark.parametrize("allow_extra", [True, False])
@pytest.mark.parametrize("attributes", [
    KEYS, {**KEYS, "more": {"N": "1"}}, {"pk": {"S": "ord-1"}}, {**KEYS, "sk": {"N": "1"}}, {**KEYS, "sk": {"S": ""}},
    {**KEYS, "sk": {"S": "x" * 1025}}, {**KEYS, "pk": {"S": "x" * 2049}}, {**KEYS, "sk": {"S": 5}},
    {**KEYS, "sk": {"S": "a", "N": "1"}}, {**KEYS, "sk": None}, {}, None, "text",
], ids=lambda each: repr(each)[:50])  # fmt: skip
def test_the_keys_are_the_same(attributes: Any, allow_extra: bool) -> None:
    patched = outcome(items.table_keys, TABLE, attributes, allow_extra)

    assert patched == outcome(items.original_keys, TABLE, attributes, allow_extra)


@pytest.mark.parametrize("attribute", ATTRIBUTES, ids=lambda each: repr(each)[:30])
def test_a_value_has_the_same_size(attribute: Any) -> None:
    assert outcome(items.value_bytes, attribute) == outcome(items.original_value_bytes, attribute)


def test_an_item_of_the_shop_is_not_checked_by_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items, "original_error", lambda *_: pytest.fail("checked by value"))
    monkeypatch.setattr(items, "original_keys", lambda *_: pytest.fail("checked by value"))
    item = {**KEYS, "version": {"N": "3"}, "reason": {"S": ""}, "review": {"NULL": True}, "paid": {"BOOL": False}}

    assert items.item_error(item, "pk", "sk") is None
    assert items.table_keys(TABLE, item, allow_extra=True) == ("ord-1", "order", None)


def outcome(function: Any, *arguments: Any) -> Any:
    """What a function returns, or the type of the exception that it raises."""
    try:
        return function(*arguments)
    except Exception as error:
        return type(error)


def test_the_pinned_version_is_accepted() -> None:
    assert version.version_problem() is None


def test_another_version_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = version.tested_version()
    monkeypatch.setattr(version, "version", lambda _: "9.9.9")

    with pytest.raises(SystemExit) as refused:
        apply_patches()

    message = f"ministack 9.9.9 is installed, but the patches are tested with {expected} only: install that version"
    assert refused.value.args == (message,)


def test_a_missing_ministack_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_installed(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(version, "version", not_installed)
    assert version.version_problem() == f"ministack is not installed: install ministack=={version.tested_version()}"


def test_the_stack_does_not_start_with_another_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(version, "version", lambda _: "9.9.9")
    settings = StackSettings.from_environ(environ_for(tmp_path))

    with pytest.raises(StackFailed, match=r"ministack 9\.9\.9 is installed"), exclusive_stack(settings, print):
        pass
