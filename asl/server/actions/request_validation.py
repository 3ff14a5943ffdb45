"""Validation of a request against botocore's model of the API: members, types, lengths, ranges and enums.

The messages are those of AWS's common validation:
https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from asl.server.errors import ApiError, invalid

PYTHON_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
}


@lru_cache(maxsize=1)
def service_model() -> Any:
    """botocore's model of Step Functions."""
    from botocore.session import Session

    return Session().get_service_model("stepfunctions")


def check_request(operation: str, request: dict[str, Any]) -> None:
    """Raises ValidationException with AWS's message, or SerializationException for a member of the wrong type."""
    errors = _errors(service_model().operation_model(operation).input_shape, request, "")
    if errors:
        count = f"{len(errors)} validation error{'s' if len(errors) > 1 else ''} detected: "
        raise invalid(count + "; ".join(errors))


def _has_type(kind: str, value: Any) -> bool:
    return isinstance(value, PYTHON_TYPES.get(kind, object)) and (kind == "boolean" or not isinstance(value, bool))


def _errors(shape: Any, value: Any, path: str) -> list[str]:
    if not _has_type(shape.type_name, value):
        raise ApiError("SerializationException", f"Value at '{path}' can not be read as {shape.type_name}")
    if shape.type_name == "structure":
        missing = [name for name in shape.required_members if name not in value]
        errors = [_message("null", _join(path, name), "not be null") for name in missing]
        for name, member in shape.members.items():
            if value.get(name) is not None:
                errors += _errors(member, value[name], _join(path, name))
        return errors
    if shape.type_name == "list":
        length = _range_constraint(shape, len(value), "length")
        errors = [_message(f"'{value}'", path, length)] if length else []
        for number, item in enumerate(value, 1):
            errors += _errors(shape.member, item, f"{path}.{number}.member")
        return errors
    constraint = _violated_constraint(shape, value)
    return [_message(f"'{value}'", path, constraint)] if constraint else []


def _violated_constraint(shape: Any, value: Any) -> str | None:
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        return f"satisfy enum value set: [{', '.join(allowed)}]"
    if isinstance(value, str):
        pattern = shape.metadata.get("pattern")
        if pattern and "\\p{" not in pattern and not re.fullmatch(pattern, value):
            return f"satisfy regular expression pattern: {pattern}"
        return _range_constraint(shape, len(value), "length")
    return _range_constraint(shape, value, "value") if isinstance(value, (int, float)) else None


def _range_constraint(shape: Any, size: float, quantity: str) -> str | None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        return f"have {quantity} greater than or equal to {low}"
    if high is not None and size > high:
        return f"have {quantity} less than or equal to {high}"
    return None


def _message(value: str, path: str, constraint: str) -> str:
    return f"Value {value} at '{path}' failed to satisfy constraint: Member must {constraint}"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
