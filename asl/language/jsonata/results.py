"""Results of JSONata expressions: the absent value, JSON types, and AWS's causes for a wrong result."""

from __future__ import annotations

import json
from typing import Any

from asl.language.errors import QueryEvaluationError

ABSENT = object()
"""JSONata's "nothing" (undefined); a JSON null is None."""
_TYPE_NAMES = {str: "string", int: "number", float: "number", list: "array", dict: "object"}


def json_type(value: Any) -> str:
    """The JSON name of a value's type, as AWS's causes spell it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return _TYPE_NAMES.get(type(value), "function")


def describe_expression(source: str, field: str) -> str:
    """The beginning of every cause: which expression, in which field."""
    return f"The JSONata expression '{source}' specified for the field '{field}'"


def absent_result(source: str, field: str) -> QueryEvaluationError:
    return QueryEvaluationError(field, f"{describe_expression(source, field)} returned nothing (undefined).")


def unexpected_type(source: str, field: str, expected: str, value: Any) -> QueryEvaluationError:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return QueryEvaluationError(
        field,
        f"{describe_expression(source, field)} returned an unexpected result type. "
        f"Expected '{expected}', but was '{json_type(value)}' for value: {text}",
    )
