"""Calls through boto3: ``aws-sdk`` integrations, and optimized integrations that are a single call."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

from asl.language.errors import StatesError
from asl.services.constraints import violation_response
from asl.services.errors import (
    client_error,
    missing_fields,
    null_members_response,
    optimized_error,
    rejected_parameters,
    sdk_error,
    unsupported_fields,
)
from asl.services.naming import OPTIMIZED, client_name, java_name, pascal
from asl.services.shapes import compact_json, epoch_millis, iso_millis, to_boto, to_json

Clients = Callable[[str], Any]
"""Gives the boto3 client of a service, by botocore's name."""
ErrorTranslator = Callable[[dict[str, Any]], StatesError]


def boto_clients(**options: Any) -> Clients:
    """boto3 clients, each created once; ``options`` go to every client (``endpoint_url``, ``region_name`` …)."""
    created: dict[str, Any] = {}
    lock = Lock()  # threads may share a client, but boto3 can't create clients concurrently

    def client(name: str) -> Any:
        with lock:
            if name not in created:
                import boto3

                created[name] = boto3.client(name, **options)  # type: ignore[call-overload]
            return created[name]

    return client


def call_sdk(clients: Clients, service: str, action: str, parameters: dict[str, Any]) -> Any:
    """An ``arn:aws:states:::aws-sdk:service:action`` task. Raises StatesError with the Java 2 names."""
    name = client_name(service)
    if name is None:
        raise StatesError("States.Runtime", f"The service '{service}' is not known.")
    client = clients(name)
    model = client.meta.service_model
    operation = _operation_model(model, action)
    arguments = _boto_arguments(operation, parameters, lambda members: sdk_error(model, null_members_response(members)))
    response = _call_client(
        client, operation.name, arguments, lambda r: sdk_error(model, r), java_name(model.service_id)
    )
    return to_json(operation.output_shape, response, iso_millis) if operation.output_shape else {}


def call_optimized(clients: Clients, service: str, action: str, parameters: dict[str, Any]) -> Any:
    """An optimized task that is a single call. Raises StatesError with the Java 1 names."""
    integration = OPTIMIZED[service]
    client = clients(integration.client)
    model = client.meta.service_model
    operation = _operation_model(model, action)

    arguments = _boto_arguments(
        operation, parameters, lambda members: missing_fields(parameters, [*map(pascal, members)])
    )
    prefix = integration.prefix
    response = _call_client(client, operation.name, arguments, lambda r: optimized_error(integration, model, r), prefix)
    result = to_json(operation.output_shape, response, epoch_millis) if operation.output_shape else {}
    _reject_failed_entries(service, result)
    return result | response_metadata(response) if integration.with_metadata else result


def response_metadata(response: dict[str, Any]) -> dict[str, Any]:
    """SdkHttpMetadata and SdkResponseMetadata, which optimized integrations add to a result."""
    metadata = response.get("ResponseMetadata", {})
    headers = {name: str(value) for name, value in metadata.get("HTTPHeaders", {}).items()}
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": metadata.get("HTTPStatusCode", 200),
        },
        "SdkResponseMetadata": {"RequestId": metadata.get("RequestId", "")},
    }


def _operation_model(model: Any, action: str) -> Any:
    name = next((name for name in model.operation_names if name.lower() == action.lower()), None)
    if name is None:
        raise StatesError("States.Runtime", f"The action '{action}' is not known to {model.service_id}.")
    return model.operation_model(name)


def _boto_arguments(
    operation: Any, parameters: Any, missing_error: Callable[[list[str]], StatesError]
) -> dict[str, Any]:
    shape = operation.input_shape
    if shape is None:
        return {}
    if not isinstance(parameters, dict):
        raise rejected_parameters(parameters, ["The Parameters must be a JSON object"])
    members = {pascal(name) for name in shape.members}
    if unsupported := [name for name in parameters if name not in members]:
        raise unsupported_fields(parameters, unsupported)
    arguments: dict[str, Any] = to_boto(shape, parameters)
    if missing := [name for name in shape.required_members if name not in arguments]:
        raise missing_error(missing)
    return arguments


def _call_client(
    client: Any, operation: str, arguments: dict[str, Any], translate_error: ErrorTranslator, prefix: str
) -> dict[str, Any]:
    from botocore import xform_name
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

    violation = violation_response(client.meta.service_model.service_name, arguments)
    if violation is not None:
        if "Error" in violation:
            raise translate_error(violation)
        return violation
    try:
        response: dict[str, Any] = getattr(client, xform_name(operation))(**arguments)
    except ClientError as error:
        raise translate_error(dict(error.response)) from error
    except ParamValidationError as error:
        raise rejected_parameters(arguments, [str(error.kwargs["report"])]) from error
    except BotoCoreError as error:
        raise client_error(prefix, error) from error
    return response


def _reject_failed_entries(service: str, result: dict[str, Any]) -> None:
    """PutEvents answers 200 even if it rejects some events; Step Functions fails the task then."""
    if service == "events" and result.get("FailedEntryCount"):
        raise StatesError("EventBridge.FailedEntry", compact_json(result))
