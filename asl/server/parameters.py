"""What every action checks before it begins: members, lengths, ranges and enums, by botocore's model of the API.

The messages are those of AWS's common validation: https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html
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
def api() -> Any:
    """botocore's model of Step Functions."""
    from botocore.session import Session

    return Session().get_service_model("stepfunctions")


def check(operation: str, request: dict[str, Any]) -> None:
    """Raises ValidationException, worded as AWS's, or SerializationException for a member of another type."""
    faults = _faults(api().operation_model(operation).input_shape, request, "")
    if faults:
        count = f"{len(faults)} validation error{'s' if len(faults) > 1 else ''} detected: "
        raise invalid(count + "; ".join(faults))


def _is(kind: str, value: Any) -> bool:
    return isinstance(value, PYTHON_TYPES.get(kind, object)) and (kind == "boolean" or not isinstance(value, bool))


def _faults(shape: Any, value: Any, path: str) -> list[str]:
    if not _is(shape.type_name, value):
        raise ApiError("SerializationException", f"Value at '{path}' can not be read as {shape.type_name}")
    if shape.type_name == "structure":
        found = [
            _said("null", _join(path, name), "not be null") for name in shape.required_members if name not in value
        ]
        for name, member in shape.members.items():
            if value.get(name) is not None:
                found += _faults(member, value[name], _join(path, name))
        return found
    if shape.type_name == "list":
        length = _out_of_range(shape, len(value), "length")
        found = [_said(f"'{value}'", path, length)] if length else []
        return found + [
            fault for n, item in enumerate(value, 1) for fault in _faults(shape.member, item, f"{path}.{n}.member")
        ]
    broken = _broken(shape, value)
    return [_said(f"'{value}'", path, broken)] if broken else []


def _broken(shape: Any, value: Any) -> str | None:
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        return f"satisfy enum value set: [{', '.join(allowed)}]"
    if isinstance(value, str):
        pattern = shape.metadata.get("pattern")
        if pattern and "\\p{" not in pattern and not re.fullmatch(pattern, value):
            return f"satisfy regular expression pattern: {pattern}"
        return _out_of_range(shape, len(value), "length")
    return _out_of_range(shape, value, "value") if isinstance(value, (int, float)) else None


def _out_of_range(shape: Any, size: float, what: str) -> str | None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        return f"have {what} greater than or equal to {low}"
    if high is not None and size > high:
        return f"have {what} less than or equal to {high}"
    return None


def _said(value: str, path: str, constraint: str) -> str:
    return f"Value {value} at '{path}' failed to satisfy constraint: Member must {constraint}"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
