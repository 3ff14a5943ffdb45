"""JSONata: the text inside ``{% %}``, compiled once, evaluated under a bound of time and depth.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from asl.language.errors import QueryEvaluationError
from asl.language.scope import Expression, Scope

MAX_SECONDS = 5.0
MAX_DEPTH = 500
MAX_LENGTH = 32_768

_DELIMITED = re.compile(r"\{%(.*)%\}", re.S)
_PLAIN = re.compile(r"\s*\$(?P<root>[A-Za-z_]\w*)(?P<names>(?:\.[A-Za-z_]\w*)*)\s*", re.ASCII)
ABSENT = object()


class InvalidExpression(ValueError):
    """The text is no JSONata expression, or lacks its ``{% %}``."""


def is_expression(value: Any) -> bool:
    """True for a string inside ``{% %}``: what JSONata states evaluate."""
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}") and len(value) >= 4


def compile_expression(text: str, field: str = "", expected: str | None = None) -> Expression:
    """The text inside ``{% %}`` as an expression; `field` is its place in the state, for causes and events.

    `expected` is the JSON type that the field needs ("array", "number", ...); None takes any.
    Raises InvalidExpression; the expression raises ``States.QueryEvaluationError``, also for nothing (undefined).
    """
    source = _source(text)
    evaluate = _compile(source, field)

    def expression(scope: Scope) -> Any:
        value = evaluate(scope)
        if value is ABSENT:
            raise QueryEvaluationError(field, f"{_said(source, field)} returned nothing (undefined).")
        if expected is not None and json_type(value) != expected:
            raise _unexpected(source, field, expected, value)
        return value

    return expression


def parse_expression(text: str) -> Any:
    """The syntax tree of the text inside ``{% %}``, for checks; raises InvalidExpression."""
    from asl.language.jsonata.library import Program

    return Program(_source(text)).tree


def compile_condition(text: Any, field: str = "Condition") -> Callable[[Scope], bool]:
    """A Choice rule's Condition: an expression that must give a boolean, or a plain boolean."""
    if isinstance(text, bool):
        return lambda scope: text
    return compile_expression(text, field, "boolean")


def compile_template(template: Any, field: str) -> Expression:
    """JSON in which every string inside ``{% %}`` is evaluated: Arguments, Output, Assign, Items and the like.

    Raises InvalidExpression. https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
    """
    expression = _compile_template(template, field)
    return expression if expression is not None else lambda scope: template


def json_type(value: Any) -> str:
    """The JSON name of a value's type, as AWS's causes have it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names = {str: "string", int: "number", float: "number", list: "array", dict: "object"}
    return names.get(type(value), "function")


def _source(text: str) -> str:
    if not is_expression(text):
        raise InvalidExpression(f"Not a JSONata expression: {text}")
    if len(text) > MAX_LENGTH:
        raise InvalidExpression(f"The expression is longer than {MAX_LENGTH} characters")
    return text[2:-2].strip()


def _said(source: str, field: str) -> str:
    return f"The JSONata expression '{source}' specified for the field '{field}'"


def _unexpected(source: str, field: str, expected: str, value: Any) -> QueryEvaluationError:
    shown = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return QueryEvaluationError(
        field,
        f"{_said(source, field)} returned an unexpected result type. "
        f"Expected '{expected}', but was '{json_type(value)}' for value: {shown}",
    )


def _compile_template(template: Any, field: str) -> Expression | None:
    """The expression; None where the template is a constant."""
    if is_expression(template):
        return compile_expression(template, field)
    if isinstance(template, dict):
        inner: Any = [(key, _compile_template(value, f"{field}/{key}")) for key, value in template.items()]
    elif isinstance(template, list):
        inner = [(i, _compile_template(value, f"{field}[{i}]")) for i, value in enumerate(template)]
    else:
        return None
    parts = [(place, expression) for place, expression in inner if expression is not None]
    if not parts:
        return None

    def build(scope: Scope) -> Any:
        value = template.copy()
        for place, expression in parts:
            value[place] = expression(scope)
        return value

    return build


def _compile(source: str, field: str) -> Callable[[Scope], Any]:
    from asl.language.jsonata.library import Program

    program = Program(source)

    def evaluate(scope: Scope) -> Any:
        return program.run(scope, field, _said(source, field))

    plain = _PLAIN.fullmatch(source)
    if plain is None:
        return evaluate
    return _compile_plain(plain["root"], tuple(plain["names"].split(".")[1:]), evaluate)


def _compile_plain(root: str, names: tuple[str, ...], otherwise: Callable[[Scope], Any]) -> Callable[[Scope], Any]:
    """``$states.input.a.b``: objects all the way need no interpreter; an array on the way does."""

    def walk(scope: Scope) -> Any:
        value = scope.states if root == "states" else scope.variables.get(root, ABSENT)
        for name in names:
            if type(value) is not dict:
                return ABSENT if value is None or isinstance(value, str | int | float) else otherwise(scope)
            value = value.get(name, ABSENT)
        return otherwise(scope) if value is ABSENT and not names else value

    return walk
