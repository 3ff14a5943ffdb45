"""The rules of a Choice state.

Page: state-choice.html ("Comparison operators"); states-language.net, section "Choice State", "Data-Test Expression".
"""

from __future__ import annotations

from typing import Any

import pytest

from asl.language.choice_rules import OPERATORS, InvalidRule, compile_rule
from asl.language.errors import StatesError
from asl.language.jsonpath import InvalidPath
from asl.language.scope import Scope

EARLY, LATE = "2026-01-31T10:00:00Z", "2026-01-31T11:00:00.250Z"


def holds(rule: dict[str, Any], value: Any, other: Any = None) -> bool:
    return compile_rule({"Variable": "$.v", **rule})(Scope({"v": value, "other": other}, {}))


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [("String", "apple", "pear"), ("String", "", "a"), ("Numeric", -1, 2.5), ("Timestamp", EARLY, LATE)],
)
def test_comparisons(kind: str, low: Any, high: Any) -> None:
    for name, expected in {
        "Equals": (False, True, False),
        "LessThan": (True, False, False),
        "LessThanEquals": (True, True, False),
        "GreaterThan": (False, False, True),
        "GreaterThanEquals": (False, True, True),
    }.items():
        pairs = [(low, high), (low, low), (high, low)]
        assert tuple(holds({f"{kind}{name}": b}, a) for a, b in pairs) == expected
        assert tuple(holds({f"{kind}{name}Path": "$.other"}, a, b) for a, b in pairs) == expected


def test_timestamps_compare_as_moments() -> None:
    assert holds({"TimestampEquals": "2026-01-31T10:00:00Z"}, "2026-01-31T12:00:00+02:00")
    assert holds({"TimestampLessThan": "2026-01-31T10:00:00.000000002Z"}, "2026-01-31T10:00:00.000000001Z")


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ({"NumericEquals": 1}, "1"),
        ({"NumericEquals": 1}, True),
        ({"NumericLessThan": 1}, None),
        ({"StringEquals": "1"}, 1),
        ({"BooleanEquals": True}, 1),
        ({"BooleanEquals": False}, None),
        ({"TimestampEquals": EARLY}, "yesterday"),
        ({"TimestampLessThan": EARLY}, 5),
        ({"StringMatches": "*"}, 5),
    ],
)
def test_another_type_never_matches(rule: dict[str, Any], value: Any) -> None:
    assert not holds(rule, value)
    assert compile_rule({"Not": {"Variable": "$.v", **rule}})(Scope({"v": value}, {}))


def test_boolean_equality() -> None:
    assert holds({"BooleanEquals": False}, False)
    assert holds({"BooleanEqualsPath": "$.other"}, True, True)


@pytest.mark.parametrize(
    ("operator", "yes", "no"),
    [
        ("IsNull", [None], [0, "", False, [], {}]),
        ("IsNumeric", [0, 1.5, -2], ["1", True, None, []]),
        ("IsString", ["", "x"], [1, None, True]),
        ("IsBoolean", [True, False], [0, "true", None]),
    ],
)
def test_type_tests(operator: str, yes: list[Any], no: list[Any]) -> None:
    assert all(holds({operator: True}, value) and not holds({operator: False}, value) for value in yes)
    assert all(holds({operator: False}, value) and not holds({operator: True}, value) for value in no)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-02-28T23:59:59Z", True),
        ("2026-02-28T23:59:59.123+01:30", True),
        ("2026-02-30T00:00:00Z", False),
        ("2026-02-28t23:59:59Z", False),
        ("2026-02-28T23:59:59z", False),
        ("2026-02-28 23:59:59Z", False),
        ("2026-02-28T23:59:59", False),
        ("2026-02-28T24:00:00Z", False),
        ("2026-02-28", False),
        ("20260228T235959Z", False),
        (5, False),
    ],
)
def test_valid_timestamps(text: Any, expected: bool) -> None:
    """States Language, section "Timestamps": RFC 3339, with an uppercase T and an offset or an uppercase Z."""
    assert holds({"IsTimestamp": True}, text) is expected


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("log-*.txt", "log-2026.txt", True),
        ("log-*.txt", "log-.txt", True),
        ("log-*.txt", "log-2026.csv", False),
        ("*", "", True),
        (r"a\*b", "a*b", True),
        (r"a\*b", "axb", False),
        (r"a\\*", r"a\rest", True),
        ("a.c", "abc", False),
        ("*\n*", "two\nlines", True),
    ],
)
def test_wildcards(pattern: str, text: str, expected: bool) -> None:
    assert holds({"StringMatches": pattern}, text) is expected


def test_only_is_present_accepts_a_missing_value() -> None:
    present = compile_rule({"Variable": "$.v.w", "IsPresent": True})
    absent = compile_rule({"Variable": "$.v.w", "IsPresent": False})
    assert present(Scope({"v": {"w": None}}, {}))
    assert not absent(Scope({"v": {"w": None}}, {}))
    assert absent(Scope({}, {}))
    assert not present(Scope({"v": "text"}, {}))


@pytest.mark.parametrize("rule", [{"NumericEquals": 1}, {"IsNull": True}, {"StringEqualsPath": "$.none"}])
def test_a_missing_value_fails_the_state(rule: dict[str, Any]) -> None:
    with pytest.raises(StatesError) as caught:
        compile_rule({"Variable": "$.gone", **rule})(Scope({"v": 1}, {}))
    assert caught.value.error == "States.Runtime"
    cause = "Invalid path '$.gone': The choice state's condition path references an invalid value."
    assert caught.value.cause == cause


def test_nested_rules() -> None:
    rule = compile_rule(
        {
            "And": [
                {"Variable": "$.total", "NumericGreaterThan": 100},
                {
                    "Or": [
                        {"Variable": "$.vip", "BooleanEquals": True},
                        {"Variable": "$$.State.Name", "StringEquals": "S"},
                    ]
                },
                {"Not": {"Variable": "$limit", "NumericLessThan": 0}},
            ],
            "Next": "Review",
        }
    )
    context = {"State": {"Name": "S"}}
    assert rule(Scope({"total": 101, "vip": False}, context, {"limit": 1}))
    assert not rule(Scope({"total": 100, "vip": True}, context, {"limit": 1}))
    assert not rule(Scope({"total": 101, "vip": True}, context, {"limit": -1}))


def test_and_and_or_stop_at_the_first_decisive_rule() -> None:
    rule = compile_rule({"Or": [{"Variable": "$.a", "IsPresent": True}, {"Variable": "$.gone", "IsNull": True}]})
    assert rule(Scope({"a": 1}, {}))


def test_a_jsonata_condition_must_be_a_boolean() -> None:
    rule = compile_rule({"Condition": "{% $states.input.n > 2 %}"}, "JSONata")
    assert rule(Scope(None, {}, states={"input": {"n": 3}}))
    assert not rule(Scope(None, {}, states={"input": {"n": 2}}))
    with pytest.raises(StatesError, match="Expected 'boolean', but was 'number' for value: 3"):
        compile_rule({"Condition": "{% $states.input.n %}"}, "JSONata")(Scope(None, {}, states={"input": {"n": 3}}))


@pytest.mark.parametrize("rule", [{}, {"Variable": "$.v"}, {"Variable": "$.v", "IsNull": True, "IsString": True}])
def test_a_rule_must_have_exactly_one_operator(rule: dict[str, Any]) -> None:
    with pytest.raises(InvalidRule):
        compile_rule(rule)


def test_a_path_is_checked_when_the_rule_is_compiled() -> None:
    with pytest.raises(InvalidPath):
        compile_rule({"Variable": "v", "IsNull": True})


def test_every_operator_of_the_language_is_supported() -> None:
    assert len(OPERATORS) == 16 * 2 + 5 + 1 + 1
