"""JSONata expressions, conditions and templates, compiled once to closures.

The interpreter is imported at the first expression: definitions without JSONata don't load its library.
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from asl.language.jsonata.results import ABSENT, absent_result, describe_expression, json_type, unexpected_type
from asl.language.jsonata.syntax import expression_source, is_expression
from asl.language.scope import Expression, Scope

_PLAIN_PATH = re.compile(r"\s*\$(?P<root>[A-Za-z_]\w*)(?P<names>(?:\.[A-Za-z_]\w*)*)\s*", re.ASCII)


def compile_expression(text: str, field: str = "", expected: str | None = None) -> Expression:
    """The text inside ``{% %}`` as an expression; `field` is its place in the state, for causes and events.

    `expected` is the JSON type that the field needs ("array", "number", ...); None takes any.
    Raises InvalidExpression. The expression raises ``States.QueryEvaluationError``, also for an absent result.
    """
    source = expression_source(text)
    evaluate = _compile_source(source, field)

    def expression(scope: Scope) -> Any:
        value = evaluate(scope)
        if value is ABSENT:
            raise absent_result(source, field)
        if expected is not None and json_type(value) != expected:
            raise unexpected_type(source, field, expected, value)
        return value

    return expression


def parse_expression(text: str) -> Any:
    """The syntax tree of the text inside ``{% %}``, for validation; raises InvalidExpression."""
    from asl.language.jsonata.interpreter import ParsedExpression

    return ParsedExpression(expression_source(text)).tree


def compile_condition(text: Any, field: str = "Condition") -> Callable[[Scope], bool]:
    """The Condition of a Choice rule: an expression that must give a boolean, or a plain boolean."""
    if isinstance(text, bool):
        return lambda scope: text
    return compile_expression(text, field, "boolean")


def compile_template(template: Any, field: str) -> Expression:
    """JSON in which every string inside ``{% %}`` is evaluated: Arguments, Output, Assign, Items and the like.

    Raises InvalidExpression. https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
    """
    expression = _compile_template(template, field)
    return expression if expression is not None else lambda scope: template


def _compile_template(template: Any, field: str) -> Expression | None:
    """The expression; None if the template is a constant."""
    if is_expression(template):
        return compile_expression(template, field)
    if isinstance(template, dict):
        entries: Any = [(key, _compile_template(value, f"{field}/{key}")) for key, value in template.items()]
    elif isinstance(template, list):
        entries = [(i, _compile_template(value, f"{field}[{i}]")) for i, value in enumerate(template)]
    else:
        return None
    computed = [(key, expression) for key, expression in entries if expression is not None]
    if not computed:
        return None

    def build(scope: Scope) -> Any:
        value = template.copy()
        for key, expression in computed:
            value[key] = expression(scope)
        return value

    return build


def _compile_source(source: str, field: str) -> Callable[[Scope], Any]:
    from asl.language.jsonata.interpreter import ParsedExpression

    parsed_expression = ParsedExpression(source)

    def interpret(scope: Scope) -> Any:
        return parsed_expression.evaluate(scope, field, describe_expression(source, field))

    path = _PLAIN_PATH.fullmatch(source)
    if path is None:
        return interpret
    return _compile_plain_path(path["root"], tuple(path["names"].split(".")[1:]), interpret)


def _compile_plain_path(root: str, names: tuple[str, ...], interpret: Callable[[Scope], Any]) -> Callable[[Scope], Any]:
    """A path such as ``$states.input.a.b``: objects are read directly, an array on the way is interpreted."""

    def read_path(scope: Scope) -> Any:
        value = scope.states if root == "states" else scope.variables.get(root, ABSENT)
        for name in names:
            if type(value) is not dict:
                return ABSENT if value is None or isinstance(value, str | int | float) else interpret(scope)
            value = value.get(name, ABSENT)
        return interpret(scope) if value is ABSENT and not names else value

    return read_path
