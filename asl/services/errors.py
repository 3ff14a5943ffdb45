"""The error name and cause of a failed call, composed as Step Functions composes them."""

from __future__ import annotations

import uuid
from typing import Any

from asl.language.errors import StatesError
from asl.services.naming import Optimized, exception_name, java_name
from asl.services.shapes import compact_json


def optimized_error(integration: Optimized, model: Any, response: dict[str, Any]) -> StatesError:
    """The error of an optimized integration, as the AWS SDK for Java 1 prints it."""
    code, message, status, request_id = _error_fields(response)
    shape = _error_shape(model, response)
    name = exception_name(shape) if shape else integration.base_exception
    cause = (
        f"{message} (Service: {integration.service}; Status Code: {status}; Error Code: {code};"
        f" Request ID: {request_id}; Proxy: null)"
    )
    return StatesError(f"{integration.prefix}.{name}", cause)


def sdk_error(model: Any, response: dict[str, Any]) -> StatesError:
    """The error of an ``aws-sdk`` integration, as the AWS SDK for Java 2 prints it."""
    _, message, status, request_id = _error_fields(response)
    service = java_name(model.service_id)
    name = exception_name(_error_shape(model, response) or service)
    extended_id = response.get("ResponseMetadata", {}).get("HostId")
    tail = f", Extended Request ID: {extended_id}" if service == "S3" and extended_id else ""
    cause = f"{message} (Service: {service}, Status Code: {status}, Request ID: {request_id}{tail})"
    return StatesError(f"{service}.{name}", cause)


def client_error(prefix: str, error: Exception) -> StatesError:
    """The error of a call that didn't reach the service."""
    return StatesError(f"{prefix}.SdkClientException", str(error))


def rejected_parameters(parameters: Any, reasons: list[str]) -> StatesError:
    """The error of parameters that Step Functions rejects before it calls the service."""
    cause = f"The Parameters '{compact_json(parameters)}' could not be used to start the Task: [{', '.join(reasons)}]"
    return StatesError("States.Runtime", cause)


def unsupported_fields(parameters: Any, names: list[str]) -> StatesError:
    return rejected_parameters(parameters, [f"The field '{name}' is not supported by Step Functions" for name in names])


def missing_fields(parameters: Any, names: list[str]) -> StatesError:
    return rejected_parameters(parameters, [f"The field '{name}' is required but was missing" for name in names])


def null_members_response(members: list[str]) -> dict[str, Any]:
    """A service's error response to a request without required members."""
    count = f"{len(members)} validation error{'s' if len(members) > 1 else ''} detected: "
    reasons = "; ".join(
        f"Value null at '{name[:1].lower()}{name[1:]}' failed to satisfy constraint: Member must not be null"
        for name in members
    )
    error = {"Code": "ValidationException", "Message": count + reasons}
    return {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}


def _error_fields(response: dict[str, Any]) -> tuple[str, str, int, str]:
    error, metadata = response.get("Error", {}), response.get("ResponseMetadata", {})
    request_id = metadata.get("RequestId") or str(uuid.uuid4())
    return error.get("Code", "Unknown"), error.get("Message", ""), metadata.get("HTTPStatusCode", 400), request_id


def _error_shape(model: Any, response: dict[str, Any]) -> str | None:
    error = response.get("Error", {})
    for code in (error.get("Code"), error.get("QueryErrorCode")):
        shape = model.shape_for_error_code(code) if code else None
        if shape is not None:
            return str(shape.name)
    return None
