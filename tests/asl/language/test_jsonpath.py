"""JSONPath as Step Functions reads it.

Pages: amazon-states-language-paths.html ("Paths", "Reference paths") and states-language.net, sections "Paths" and
"Reference Paths"; the messages of missing nodes follow Jayway JsonPath, the library that AWS uses.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from asl.language.errors import PathNotFound, StatesError
from asl.language.jsonpath import InvalidPath, compile_path, compile_reference_path
from asl.language.scope import Scope

ORDER: dict[str, Any] = {
    "id": "o-1",
    "lines": [{"sku": "lamp", "qty": 2}, {"sku": "desk", "qty": 1, "gift": True}],
    "address": {"city": "Oslo", "post-code": "0150"},
    "note": None,
}
SCOPE = Scope(ORDER, {"Execution": {"Id": "arn:x"}}, {"limits": {"max": 3}, "tags": ["a", "b"]})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", ORDER),
        ("$.id", "o-1"),
        ("$.note", None),
        ("$.address.post-code", "0150"),
        ("$['address']['city']", "Oslo"),
        ('$["address"].city', "Oslo"),
        ("$.lines[0].sku", "lamp"),
        ("$.lines[-1].sku", "desk"),
        ("$$", {"Execution": {"Id": "arn:x"}}),
        ("$$.Execution.Id", "arn:x"),
        ("$limits", {"max": 3}),
        ("$limits.max", 3),
        ("$tags[1]", "b"),
    ],
)
def test_a_definite_path_gives_one_value(path: str, value: Any) -> None:
    assert compile_path(path)(SCOPE) == value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.lines[*].sku", ["lamp", "desk"]),
        ("$.lines[1:].sku", ["desk"]),
        ("$.lines[:1].qty", [2]),
        ("$.lines[0,1].qty", [2, 1]),
        ("$..sku", ["lamp", "desk"]),
        ("$.lines[?(@.qty > 1)].sku", ["lamp"]),
        ("$.lines[?(@.gift)].sku", ["desk"]),
        ("$.lines[?(@.sku == 'desk' && @.qty == 1)].qty", [1]),
        ("$.address.*", ["Oslo", "0150"]),
        ("$tags[*]", ["a", "b"]),
    ],
)
def test_any_other_path_gives_an_array(path: str, value: Any) -> None:
    assert compile_path(path)(SCOPE) == value


@pytest.mark.parametrize(
    "path", ["$.lines[5:]", "$.lines[?(@.qty > 9)]", "$..nothing", "$.nothing[*]", "$.nothing.more[1:].x", "$.id[*]"]
)
def test_no_match_gives_an_empty_array_even_if_a_parent_is_missing(path: str) -> None:
    assert compile_path(path)(SCOPE) == []


def test_a_union_of_names_gives_one_object() -> None:
    assert compile_path("$['id', 'note', 'nothing']")(SCOPE) == {"id": "o-1", "note": None}


def test_a_filter_on_an_object_tests_the_object_itself() -> None:
    assert compile_path("$.address[?(@.city == 'Oslo')]")(SCOPE) == [ORDER["address"]]


@pytest.mark.parametrize(
    ("path", "value"), [("$.lines.length()", 2), ("$.lines[*].qty.sum()", 3.0), ("$.lines[*].qty.max()", 2.0)]
)
def test_functions_at_the_end_of_a_path(path: str, value: Any) -> None:
    assert compile_path(path)(SCOPE) == value


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        ("$.nothing", "Invalid path '$.nothing' : No results for path: $['nothing']"),
        ("$.address.nothing", "Invalid path '$.address.nothing' : No results for path: $['address']['nothing']"),
        ("$.nothing.more", "Invalid path '$.nothing.more' : Missing property in path $['nothing']"),
        ("$.lines[7].sku", "Invalid path '$.lines[7].sku' : No results for path: $['lines'][7]['sku']"),
        ("$$.Task.Token", "Invalid path '$$.Task.Token' : Missing property in path $['Task']"),
        ("$note", "Invalid path '$note' : No results for path: $['note']"),
        ("$.note[0]", "Invalid path '$.note[0]' : The path $['note'] is null"),
    ],
)
def test_a_definite_path_without_a_match_names_the_missing_node(path: str, cause: str) -> None:
    with pytest.raises(PathNotFound) as caught:
        compile_path(path)(SCOPE)
    assert (caught.value.error, caught.value.cause) == ("States.Runtime", cause)


def test_a_name_below_a_string_names_the_type_of_the_string() -> None:
    with pytest.raises(PathNotFound, match=r"Expected to find an object with property \['x'\] in path \$\['id'\]"):
        compile_path("$.id.x")(SCOPE)
    with pytest.raises(PathNotFound, match="can only be applied to arrays"):
        compile_path("$.id[0]")(SCOPE)


@pytest.mark.parametrize(
    "text", ["", "id", "$.", "$.a b", "$[", "$.a[?(", "$..", "$.a.nonsense()", "$x[", "$.a[(@.b)]"]
)
def test_an_invalid_path_is_rejected_when_compiled(text: str) -> None:
    with pytest.raises(InvalidPath):
        compile_path(text)


def test_put_shares_every_part_that_it_does_not_change() -> None:
    before = copy.deepcopy(ORDER)
    after = compile_reference_path("$.address.geo.lat").put(ORDER, 59.9)
    assert after["address"] == {"city": "Oslo", "post-code": "0150", "geo": {"lat": 59.9}}
    assert after["lines"] is ORDER["lines"]
    assert before == ORDER


def test_a_reference_path_reads_and_replaces() -> None:
    path = compile_reference_path("$.lines[1].qty")
    assert path.get(ORDER) == 1
    assert path.get(path.put(ORDER, 5)) == 5
    assert compile_reference_path("$").put(ORDER, "all") == "all"


@pytest.mark.parametrize(
    ("path", "document"), [("$.x", "text"), ("$.x", [1]), ("$.x.y", {"x": 3}), ("$.x[4]", {"x": [1]})]
)
def test_a_value_that_the_document_cannot_hold_raises_its_own_error(path: str, document: Any) -> None:
    with pytest.raises(StatesError) as caught:
        compile_reference_path(path).put(document, 1)
    assert caught.value.error == "States.ResultPathMatchFailure"
    assert (caught.value.cause or "").startswith(f"Unable to apply ReferencePath {path} to input")


@pytest.mark.parametrize("text", ["$.a[*]", "$..a", "$.a[1:]", "$.a[?(@.b)]", "$$.a", "$name", "a"])
def test_a_reference_path_must_be_definite(text: str) -> None:
    with pytest.raises(InvalidPath):
        compile_reference_path(text)
