"""Checks of mocked results: does a result have the shape of the API's response?

https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from asl.language.resources import Integration
from asl.services.naming import OPTIMIZED, client_name, pascal
from asl.validation.requests import Rejected

_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    **dict.fromkeys(("string", "blob", "timestamp"), ((str,), "a string")),
    **dict.fromkeys(("integer", "long", "float", "double"), ((int, float), "a number")),
    "boolean": ((bool,), "a boolean"),
    "list": ((list,), "an array"),
    "structure": ((dict,), "an object"),
    "map": ((dict,), "an object"),
}
_FREE_FORM = {("lambda", "invoke"): {"Payload"}}
"""Members that hold any JSON in a state's result."""


def check_mocked_result(integration: Integration, result: Any, mode: str) -> None:
    """Compare a mocked result with the shape of the API's response.

    `mode` is NONE (no check), PRESENT (present fields are valid) or STRICT (required fields are present too).
    Raises Rejected (``ValidationException``).
    """
    shape = _output_shape(integration.service, integration.action) if mode != "NONE" else None
    if shape is not None:
        free = _FREE_FORM.get((integration.service, integration.action), set())
        _check_value(shape, result, "", strict=mode == "STRICT", free=free)


@lru_cache
def _output_shape(service: str, action: str) -> Any:
    """botocore's shape of the response; None for an unknown API."""
    from botocore.session import Session

    optimized = OPTIMIZED.get(service)
    client = optimized.client if optimized else client_name(service.removeprefix("aws-sdk:"))
    if client is None:
        return None
    model = Session().get_service_model(client)
    operation = pascal(action)
    return model.operation_model(operation).output_shape if operation in model.operation_names else None


def _check_value(shape: Any, value: Any, field: str, *, strict: bool, free: set[str]) -> None:
    if value is None or field in free:
        return
    types, description = _KINDS.get(shape.type_name, ((object,), "a value"))
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        _reject(field, f"must be {description}")
    if shape.type_name == "structure":
        _check_structure(shape, value, strict=strict, free=free)
    elif shape.type_name == "list":
        for item in value:
            _check_value(shape.member, item, field, strict=strict, free=free)
    elif shape.type_name == "map":
        for key, item in value.items():
            _check_value(shape.value, item, key, strict=strict, free=free)
    else:
        _check_bounds(shape, value, field)


def _check_structure(shape: Any, value: dict[str, Any], *, strict: bool, free: set[str]) -> None:
    members = {pascal(name): member for name, member in shape.members.items()}
    for name, item in value.items():
        if name in members:
            _check_value(members[name], item, name, strict=strict, free=free)
    for name in map(pascal, shape.required_members) if strict else ():
        if name not in value:
            _reject(name, "is required but was missing")


def _check_bounds(shape: Any, value: Any, field: str) -> None:
    limits = shape.metadata
    if isinstance(value, str):
        if len(value) < limits.get("min", 0):
            _reject(field, "is smaller than the minimum length")
        if "max" in limits and len(value) > limits["max"]:
            _reject(field, "exceeds the maximum length")
        if "enum" in limits and value not in limits["enum"]:
            _reject(field, "is not one of the allowed values")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if "min" in limits and value < limits["min"]:
            _reject(field, "is less than the minimum value")
        if "max" in limits and value > limits["max"]:
            _reject(field, "exceeds the maximum value")


def _reject(field: str, reason: str) -> None:
    raise Rejected("ValidationException", f"Mock result schema validation error: Field '{field}' {reason}")
