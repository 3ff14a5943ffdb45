"""Payload templates: Parameters, ResultSelector, ItemSelector, Assign.

Page: input-output-inputpath-params.html; states-language.net, section "Payload Template".
"""

from __future__ import annotations

from typing import Any

import pytest

from asl.language.errors import StatesError
from asl.language.scope import Scope
from asl.language.templates import InvalidTemplate, compile_query, compile_template

SCOPE = Scope({"id": 7, "items": [1, 2], "name": "Ada"}, {"State": {"Name": "S"}}, {"v": {"w": 1}})


def test_fields_with_a_dollar_suffix_are_evaluated_and_lose_the_suffix() -> None:
    template = {
        "id.$": "$.id",
        "all.$": "$",
        "state.$": "$$.State.Name",
        "variable.$": "$v.w",
        "greeting.$": "States.Format('Hi {}', $.name)",
        "list": [{"first.$": "$.items[0]"}, "$.id"],
        "$.id": "kept",
    }
    assert compile_template(template)(SCOPE) == {
        "id": 7,
        "all": SCOPE.input,
        "state": "S",
        "variable": 1,
        "greeting": "Hi Ada",
        "list": [{"first": 1}, "$.id"],
        "$.id": "kept",
    }


def test_the_order_of_fields_is_kept() -> None:
    value = compile_template({"b.$": "$.id", "a": 1, "c.$": "$.name"})(SCOPE)
    assert list(value) == ["b", "a", "c"]


@pytest.mark.parametrize("constant", [None, 5, "$.id", [], {}, {"a": [{"b": "States.UUID()"}]}])
def test_a_template_without_such_fields_is_a_shared_constant(constant: Any) -> None:
    assert compile_template(constant)(SCOPE) is constant


def test_building_a_value_does_not_change_the_template() -> None:
    template = {"a": {"b.$": "$.id"}, "c": [{"d.$": "$.name"}]}
    build = compile_template(template)
    assert build(SCOPE) == build(SCOPE)
    assert template == {"a": {"b.$": "$.id"}, "c": [{"d.$": "$.name"}]}


@pytest.mark.parametrize("path", ["$.gone", "$$.Gone", "$gone", "$.id.more"])
def test_a_path_without_a_match_names_the_field_and_the_input(path: str) -> None:
    with pytest.raises(StatesError) as caught:
        compile_template({"deep": [{"x.$": path}]})(Scope({"id": 7, "ö": [1]}, {}))
    assert caught.value.error == "States.Runtime"
    expected = f"The JSONPath '{path}' specified for the field 'x.$' could not be found in the input "
    assert caught.value.cause == expected + '\'{"id":7,"ö":[1]}\''


def test_a_path_inside_a_function_is_named_without_the_function() -> None:
    with pytest.raises(StatesError, match=r"The JSONPath '\$.gone' specified for the field 'x.\$'"):
        compile_template({"x.$": "States.Array(1, $.gone)"})(SCOPE)


@pytest.mark.parametrize("value", ["id", "", 5, None, {"a": 1}, "States.Nope()", "$.[", "$.a b"])
def test_a_field_without_a_path_or_function_is_rejected_when_compiled(value: Any) -> None:
    with pytest.raises(InvalidTemplate) as caught:
        compile_template({"a": [{"x.$": value}]})
    assert (caught.value.field, caught.value.where) == ("x.$", ("a", 0))


def test_error_path_takes_a_path_or_a_function() -> None:
    assert compile_query("States.Format('E{}', $.id)", "ErrorPath")(SCOPE) == "E7"
    with pytest.raises(StatesError, match=r"The JSONPath '\$.none' specified for the field 'CausePath'"):
        compile_query("$.none", "CausePath")(SCOPE)
