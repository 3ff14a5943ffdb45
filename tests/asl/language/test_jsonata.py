"""JSONata in the fields of a state.

Page: transforming-data.html ("Transforming data with JSONata in Step Functions"): bindings, added functions,
unsupported expressions, errors.
"""

from __future__ import annotations

import hashlib
import uuid
from random import Random
from typing import Any

import pytest

from asl.language.errors import QueryEvaluationError
from asl.language.jsonata.expressions import compile_condition, compile_expression, compile_template
from asl.language.jsonata.syntax import MAX_LENGTH, InvalidExpression
from asl.language.scope import Scope

INPUT = {"order": {"lines": [{"sku": "lamp", "price": 20}, {"sku": "desk", "price": 105.5}], "note": None}, "one": [7]}


def scope(seed: int = 1) -> Scope:
    states = {"input": INPUT, "context": {"Execution": {"Name": "run-7"}}, "result": [1, 2]}
    variables = {"limit": 100, "nothing": None, "tags": ["a"]}
    return Scope(None, {}, variables, states, Random(seed), lambda: 1_767_225_600.25)


def evaluate(text: str, seed: int = 1) -> Any:
    return compile_expression("{% " + text + " %}", "Output")(scope(seed))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$states.input.order.note", None),
        ("$states.input.order.lines", INPUT["order"]["lines"]),
        ("$states.input.order.lines.sku", ["lamp", "desk"]),
        ("$states.input.order.lines[price > $limit].sku", "desk"),
        ("$states.input.one", [7]),
        ("$states.context.Execution.Name", "run-7"),
        ("$sum($states.input.order.lines.price)", 125.5),
        ("$states.result[0]", 1),
        ("$limit", 100),
        ("$nothing", None),
        ("$tags", ["a"]),
        ("$limit + 0.5", 100.5),
        ("$limit / 8", 12.5),
        ("'a' & $limit", "a100"),
        ('{"a": null, "b": [1], "c": {}}', {"a": None, "b": [1], "c": {}}),
        ("[1..4]", [1, 2, 3, 4]),
        ("($x := 2; $x * 3)", 6),
        ("$map([1, 2], function($v) { $v = 1 ? 'one' : 'other' })", ["one", "other"]),
        ("$exists($states.input.gone)", False),
        ("true", True),
    ],
)
def test_values(expression: str, value: Any) -> None:
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$partition([1, 2, 3, 4, 5], 2)", [[1, 2], [3, 4], [5]]),
        ("$range(0, 10, 4)", [0, 4, 8]),
        ("$range(3, 1, -1)", [3, 2, 1]),
        ('$parse("{\\"a\\": [null, 1]}")', {"a": [None, 1]}),
        ("$hash('abc', 'SHA-256')", hashlib.sha256(b"abc").hexdigest()),
        ("$hash('abc', 'MD5')", hashlib.md5(b"abc", usedforsecurity=False).hexdigest()),
        ("$millis()", 1_767_225_600_250),
        ("$now()", "2026-01-01T00:00:00.250Z"),
    ],
)
def test_functions_that_step_functions_adds_or_that_follow_the_clock(expression: str, value: Any) -> None:
    assert evaluate(expression) == value


def test_random_values_follow_the_seed_of_the_execution_or_of_the_call() -> None:
    assert evaluate("$random()", 1) == evaluate("$random()", 1) != evaluate("$random()", 2)
    assert evaluate("$random(7)", 1) == evaluate("$random(7)", 2)
    assert 0 <= evaluate("$random()") < 1
    assert uuid.UUID(evaluate("$uuid()")).version == 4


@pytest.mark.parametrize("expression", ["$gone", "$states.input.gone", "$limit.more", "$states.input.order.lines[9]"])
def test_an_absent_result_is_an_error_that_names_the_field(expression: str) -> None:
    with pytest.raises(QueryEvaluationError) as caught:
        compile_template({"a": [1, "{% " + expression + " %}"]}, "Output")(scope())
    error = caught.value
    assert (error.error, error.location) == ("States.QueryEvaluationError", "Output/a[1]")
    cause = f"The JSONata expression '{expression}' specified for the field 'Output/a[1]' returned nothing (undefined)."
    assert error.cause == cause


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("$nope(1)", "T1006: Attempted to invoke a non-function"),
        ("$eval('1 + 1')", "T1006: Attempted to invoke a non-function"),
        ("1 + 'a'", 'T2002: The right side of the "+" operator must evaluate to a number'),
        ("$number('x')", 'D3030: Unable to cast value to a number: "x"'),
        ("$sum(['a'])", 'T0412: Argument 1 of function "sum" must be an array of "numbers"'),
        ("$abs('a')", 'T0410: Argument 1 of function "abs" does not match function signature'),
    ],
)
def test_an_evaluation_error_has_the_message_of_jsonata(expression: str, reason: str) -> None:
    with pytest.raises(QueryEvaluationError) as caught:
        evaluate(expression)
    assert (caught.value.cause or "").endswith(f"threw an error during evaluation. {reason}")


def test_a_result_of_a_wrong_type_is_an_error_with_its_value() -> None:
    items = compile_expression("{% $states.input.order %}", "Items", "array")
    with pytest.raises(QueryEvaluationError) as caught:
        items(scope())
    assert "returned an unexpected result type. Expected 'array', but was 'object' for value: {" in str(caught.value)
    with pytest.raises(QueryEvaluationError, match="Expected 'boolean', but was 'null' for value: null"):
        compile_condition("{% $nothing %}")(scope())


@pytest.mark.parametrize("text", ["{% 1 + %}", "{% $x. %}", "{% (  %}", "{% %}", "plain", "{% 1"])
def test_invalid_syntax_is_rejected_when_compiled(text: str) -> None:
    with pytest.raises(InvalidExpression):
        compile_expression(text)


def test_only_delimited_strings_are_evaluated_and_constants_are_shared() -> None:
    template = {"a": "{% $limit %}", "b": {"c": " {% $limit %} "}, "d": ["$limit", "{% $tags[0] %}"]}
    value = compile_template(template, "Output")(scope())
    assert value == {"a": 100, "b": {"c": " {% $limit %} "}, "d": ["$limit", "a"]}
    assert value["b"] is template["b"]
    assert template["a"] == "{% $limit %}"


def test_an_expression_cannot_change_what_it_reads() -> None:
    before = repr(INPUT)
    evaluate('$states.input ~> |order|{"note": "new"}|')
    evaluate("$append($states.input.one, 8)")
    evaluate("$sort($states.input.order.lines.price)")
    assert repr(INPUT) == before


def test_depth_is_bounded() -> None:
    with pytest.raises(QueryEvaluationError, match="D1011"):
        evaluate("($f := function($n) { 1 + $f($n + 1) }; $f(1))")


def test_time_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    from asl.language.jsonata import interpreter

    monkeypatch.setattr(interpreter, "MAX_SECONDS", 0.0)
    with pytest.raises(QueryEvaluationError, match="D1012"):
        evaluate("($f := function($n) { $f($n + 1) }; $f(1))")


def test_a_variable_named_like_a_function_wins() -> None:
    expression = compile_expression("{% $range %}")
    assert expression(Scope(None, {}, {"range": 5})) == 5


def test_length_is_bounded() -> None:
    with pytest.raises(InvalidExpression):
        compile_expression("{% " + "1+" * MAX_LENGTH + "1 %}")
