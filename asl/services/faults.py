"""A failed call's error and cause, composed as Step Functions composes them."""

from __future__ import annotations

import uuid
from typing import Any

from asl.language.errors import StatesError
from asl.services.naming import Optimized, exception_name, java_name
from asl.services.shapes import compact


def optimized_error(integration: Optimized, model: Any, response: dict[str, Any]) -> StatesError:
    """The error of an optimized integration, as the AWS SDK for Java 1 prints it."""
    code, message, status, request_id = _facts(response)
    shape = _shape(model, response)
    name = exception_name(shape) if shape else integration.base_exception
    cause = (
        f"{message} (Service: {integration.service}; Status Code: {status}; Error Code: {code};"
        f" Request ID: {request_id}; Proxy: null)"
    )
    return StatesError(f"{integration.prefix}.{name}", cause)


def sdk_error(model: Any, response: dict[str, Any]) -> StatesError:
    """The error of an ``aws-sdk`` integration, as the AWS SDK for Java 2 prints it."""
    _, message, status, request_id = _facts(response)
    service = java_name(model.service_id)
    name = exception_name(_shape(model, response) or service)
    extended = response.get("ResponseMetadata", {}).get("HostId")
    tail = f", Extended Request ID: {extended}" if service == "S3" and extended else ""
    cause = f"{message} (Service: {service}, Status Code: {status}, Request ID: {request_id}{tail})"
    return StatesError(f"{service}.{name}", cause)


def client_error(prefix: str, error: Exception) -> StatesError:
    """The error of a call that never reached the service."""
    return StatesError(f"{prefix}.SdkClientException", str(error))


def rejected_parameters(parameters: Any, faults: list[str]) -> StatesError:
    """Parameters that Step Functions itself turns away before it calls the service."""
    text = f"The Parameters '{compact(parameters)}' could not be used to start the Task: [{', '.join(faults)}]"
    return StatesError("States.Runtime", text)


def unsupported_fields(parameters: Any, names: list[str]) -> StatesError:
    return rejected_parameters(parameters, [f"The field '{name}' is not supported by Step Functions" for name in names])


def missing_fields(parameters: Any, names: list[str]) -> StatesError:
    return rejected_parameters(parameters, [f"The field '{name}' is required but was missing" for name in names])


def null_members(members: list[str]) -> dict[str, Any]:
    """The answer of a service to a request without its required members."""
    count = f"{len(members)} validation error{'s' if len(members) > 1 else ''} detected: "
    said = "; ".join(
        f"Value null at '{name[:1].lower()}{name[1:]}' failed to satisfy constraint: Member must not be null"
        for name in members
    )
    error = {"Code": "ValidationException", "Message": count + said}
    return {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}


def _facts(response: dict[str, Any]) -> tuple[str, str, int, str]:
    error, metadata = response.get("Error", {}), response.get("ResponseMetadata", {})
    request_id = metadata.get("RequestId") or str(uuid.uuid4())
    return error.get("Code", "Unknown"), error.get("Message", ""), metadata.get("HTTPStatusCode", 400), request_id


def _shape(model: Any, response: dict[str, Any]) -> str | None:
    error = response.get("Error", {})
    for code in (error.get("Code"), error.get("QueryErrorCode")):
        shape = model.shape_for_error_code(code) if code else None
        if shape is not None:
            return str(shape.name)
    return None
