"""Calls through boto3: every ``aws-sdk:service:action`` and the optimized integrations that are one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asl.language.errors import StatesError
from asl.services.constraints import refusal
from asl.services.faults import (
    client_error,
    missing_fields,
    null_members,
    optimized_error,
    rejected_parameters,
    sdk_error,
    unsupported_fields,
)
from asl.services.naming import OPTIMIZED, client_name, java_name, pascal
from asl.services.shapes import compact, epoch_millis, iso_millis, to_boto, to_json

Clients = Callable[[str], Any]
"""A boto3 client by botocore's name of the service."""
Translate = Callable[[dict[str, Any]], StatesError]


def call_sdk(clients: Clients, service: str, action: str, parameters: dict[str, Any]) -> Any:
    """An ``arn:aws:states:::aws-sdk:service:action`` task. Raises StatesError with the Java 2 names."""
    name = client_name(service)
    if name is None:
        raise StatesError("States.Runtime", f"The service '{service}' is not known.")
    client = clients(name)
    model = client.meta.service_model
    operation = _operation(model, action)
    arguments = _arguments(operation, parameters, missing=lambda members: sdk_error(model, null_members(members)))
    response = _send(client, operation.name, arguments, lambda r: sdk_error(model, r), java_name(model.service_id))
    return to_json(operation.output_shape, response, iso_millis) if operation.output_shape else {}


def call_optimized(clients: Clients, service: str, action: str, parameters: dict[str, Any]) -> Any:
    """An optimized task that is a single call. Raises StatesError with the Java 1 names."""
    integration = OPTIMIZED[service]
    client = clients(integration.client)
    model = client.meta.service_model
    operation = _operation(model, action)

    arguments = _arguments(operation, parameters, lambda members: missing_fields(parameters, [*map(pascal, members)]))
    prefix = integration.prefix
    response = _send(client, operation.name, arguments, lambda r: optimized_error(integration, model, r), prefix)
    result = to_json(operation.output_shape, response, epoch_millis) if operation.output_shape else {}
    _refuse_failed_entries(service, result)
    return result | metadata(response) if integration.with_metadata else result


def metadata(response: dict[str, Any]) -> dict[str, Any]:
    """SdkHttpMetadata and SdkResponseMetadata, which the optimized integrations add to a result."""
    about = response.get("ResponseMetadata", {})
    headers = {name: str(value) for name, value in about.get("HTTPHeaders", {}).items()}
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": about.get("HTTPStatusCode", 200),
        },
        "SdkResponseMetadata": {"RequestId": about.get("RequestId", "")},
    }


def _operation(model: Any, action: str) -> Any:
    name = next((name for name in model.operation_names if name.lower() == action.lower()), None)
    if name is None:
        raise StatesError("States.Runtime", f"The action '{action}' is not known to {model.service_id}.")
    return model.operation_model(name)


def _arguments(operation: Any, parameters: Any, missing: Callable[[list[str]], StatesError]) -> dict[str, Any]:
    shape = operation.input_shape
    if shape is None:
        return {}
    if not isinstance(parameters, dict):
        raise rejected_parameters(parameters, ["The Parameters must be a JSON object"])
    known = {pascal(name) for name in shape.members}
    if unknown := [name for name in parameters if name not in known]:
        raise unsupported_fields(parameters, unknown)
    arguments: dict[str, Any] = to_boto(shape, parameters)
    if absent := [name for name in shape.required_members if name not in arguments]:
        raise missing(absent)
    return arguments


def _send(client: Any, operation: str, arguments: dict[str, Any], translate: Translate, prefix: str) -> dict[str, Any]:
    from botocore import xform_name
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

    refused = refusal(client.meta.service_model.service_name, arguments)
    if refused is not None:
        if "Error" in refused:
            raise translate(refused)
        return refused
    try:
        response: dict[str, Any] = getattr(client, xform_name(operation))(**arguments)
    except ClientError as error:
        raise translate(dict(error.response)) from error
    except ParamValidationError as error:
        raise rejected_parameters(arguments, [str(error.kwargs["report"])]) from error
    except BotoCoreError as error:
        raise client_error(prefix, error) from error
    return response


def _refuse_failed_entries(service: str, result: dict[str, Any]) -> None:
    """PutEvents answers 200 when some events were turned away; Step Functions fails the task."""
    if service == "events" and result.get("FailedEntryCount"):
        raise StatesError("EventBridge.FailedEntry", compact(result))
