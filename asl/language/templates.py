"""Payload templates: JSON in which a key that ends in ``.$`` holds a path or an intrinsic function.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-inputpath-params.html
"""

from __future__ import annotations

import json
from typing import Any

from asl.language.errors import PathNotFound, StatesError
from asl.language.intrinsics import InvalidIntrinsic, compile_intrinsic
from asl.language.jsonpath import InvalidPath, compile_path
from asl.language.scope import Expression, Scope


class InvalidTemplate(ValueError):
    """A ``.$`` field that holds neither a path nor an intrinsic function.

    Attributes:
        field: the field's name, with its ``.$``.
        where: the names and indexes that lead to it.
    """

    def __init__(self, field: str, where: tuple[str | int, ...]) -> None:
        super().__init__(f"The field '{field}' must be a valid JSONPath or a valid intrinsic function call")
        self.field = field
        self.where = where


def compile_template(template: Any) -> Expression:
    """The template as an expression that builds its value; raises InvalidTemplate.

    Follows the States Language, section "Payload Template". A path that matches nothing raises ``States.Runtime``.
    """
    expression = _compile_value(template, ())
    return expression if expression is not None else lambda scope: template


def compile_query(text: Any, field: str) -> Expression:
    """The value of a ``.$`` field, ``ErrorPath`` or ``CausePath``: a path or an intrinsic function.

    Raises InvalidPath or InvalidIntrinsic. The expression raises ``States.Runtime`` with AWS's text, which names the
    field, if the path matches nothing.
    """
    if not isinstance(text, str):
        raise InvalidPath(f"Not a path: {text!r}")
    expression = compile_intrinsic(text) if text.startswith("States.") else compile_path(text)

    def query(scope: Scope) -> Any:
        try:
            return expression(scope)
        except PathNotFound as error:
            raise _path_not_found(error.path, field, scope) from None

    return query


def _path_not_found(path: str, field: str, scope: Scope) -> StatesError:
    input_text = json.dumps(scope.input, separators=(",", ":"), ensure_ascii=False)
    return StatesError(
        "States.Runtime",
        f"The JSONPath '{path}' specified for the field '{field}' could not be found in the input '{input_text}'",
    )


def _compile_value(template: Any, where: tuple[str | int, ...]) -> Expression | None:
    """The expression; None for a constant template, so that constants are shared and never rebuilt."""
    if isinstance(template, dict):
        return _compile_object(template, where)
    if isinstance(template, list):
        return _compile_array(template, where)
    return None


def _compile_object(template: dict[str, Any], where: tuple[str | int, ...]) -> Expression | None:
    skeleton: dict[str, Any] = {}
    fields: list[tuple[str, Expression]] = []
    for key, value in template.items():
        name = key.removesuffix(".$")
        expression = _compile_field(key, value, where) if name != key else _compile_value(value, (*where, key))
        skeleton[name] = value
        if expression is not None:
            fields.append((name, expression))
    if not fields:
        return None

    def build(scope: Scope) -> dict[str, Any]:
        value = skeleton.copy()
        for name, expression in fields:
            value[name] = expression(scope)
        return value

    return build


def _compile_field(key: str, value: Any, where: tuple[str | int, ...]) -> Expression:
    try:
        return compile_query(value, key)
    except (InvalidPath, InvalidIntrinsic):
        raise InvalidTemplate(key, where) from None


def _compile_array(template: list[Any], where: tuple[str | int, ...]) -> Expression | None:
    items = [(i, expression) for i, item in enumerate(template) if (expression := _compile_value(item, (*where, i)))]
    if not items:
        return None

    def build(scope: Scope) -> list[Any]:
        value = template.copy()
        for i, expression in items:
            value[i] = expression(scope)
        return value

    return build
