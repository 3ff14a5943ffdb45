"""Lambda functions: how they are invoked, and the task result or error that Step Functions derives.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
"""

from __future__ import annotations

import json
import time
import traceback
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from asl.language.errors import StatesError
from asl.language.resources import function_name
from asl.services.boto import Clients
from asl.services.errors import client_error, missing_fields, optimized_error, unsupported_fields
from asl.services.naming import OPTIMIZED
from asl.services.shapes import compact_json

INVOKE_FIELDS = {"FunctionName", "Payload", "InvocationType", "ClientContext", "Qualifier", "LogType", "TenantId"}


@dataclass(frozen=True, slots=True)
class FunctionResult:
    """The result of a function: the raw text of its payload. `failed` is true if the payload describes an error."""

    payload: str
    failed: bool = False
    version: str = "$LATEST"


Invoker = Callable[[str, str, str], FunctionResult]
"""Invokes a function: name or ARN, the payload's JSON text, the invocation type. Raises StatesError."""


def call_function(invoke: Invoker, arn: str, payload: Any) -> Any:
    """Run a task whose Resource is the function's own ARN: the result is the payload, a cause is its raw text."""
    result = invoke(arn, compact_json(payload), "RequestResponse")
    if result.failed:
        raise function_error(result.payload)
    return parse_payload(result.payload)


def call_lambda_invoke(invoke: Invoker, parameters: Any) -> Any:
    """Run an ``arn:aws:states:::lambda:invoke`` task: the result is the payload in an envelope about the call."""
    if not isinstance(parameters, dict) or "FunctionName" not in parameters:
        raise missing_fields(parameters, ["FunctionName"])
    if unsupported := [name for name in parameters if name not in INVOKE_FIELDS]:
        raise unsupported_fields(parameters, unsupported)
    name, qualifier = parameters["FunctionName"], parameters.get("Qualifier")
    kind = parameters.get("InvocationType", "RequestResponse")
    payload = parameters.get("Payload")  # null counts as no payload; a function without one gets {}
    text = compact_json({} if payload is None else payload)
    result = invoke(f"{name}:{qualifier}" if qualifier else name, text, kind)
    if result.failed:
        raise function_error(compact_json(parse_payload(result.payload)))
    return _envelope(result, kind)


def parse_payload(text: str) -> Any:
    """The JSON value of a payload, or its text if it is no JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def function_error(payload: str) -> StatesError:
    """The task's error for the payload of a failed function."""
    value = parse_payload(payload)
    name = value.get("errorType") if isinstance(value, dict) else None
    if name:
        return StatesError(str(name), payload)
    cause = "The cause could not be determined because Lambda did not return an error type. Returned payload: "
    return StatesError("Lambda.Unknown", cause + payload)


def _envelope(function_result: FunctionResult, kind: str) -> dict[str, Any]:
    status = 202 if kind == "Event" else 200
    request_id = str(uuid.uuid4())
    headers = {
        "X-Amz-Executed-Version": function_result.version,
        "x-amzn-Remapped-Content-Length": "0",
        "Connection": "keep-alive",
        "x-amzn-RequestId": request_id,
        "Content-Length": str(len(function_result.payload.encode())),
        "Date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()),
        "X-Amzn-Trace-Id": f"root=1-{request_id[:8]}-{request_id.replace('-', '')[8:]};sampled=0",
        "Content-Type": "application/json",
    }
    result: dict[str, Any] = {"ExecutedVersion": function_result.version}
    if kind == "RequestResponse":
        result["Payload"] = parse_payload(function_result.payload)
    return result | {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": status,
        },
        "SdkResponseMetadata": {"RequestId": request_id},
        "StatusCode": status,
    }


def boto_invoker(clients: Clients) -> Invoker:
    """Invokes functions through Lambda's Invoke API, at AWS or at another endpoint."""

    def invoke(function: str, payload: str, kind: str) -> FunctionResult:
        from botocore.exceptions import BotoCoreError, ClientError

        client = clients("lambda")
        try:
            response = client.invoke(FunctionName=function, Payload=payload.encode(), InvocationType=kind)
        except ClientError as error:
            raise optimized_error(OPTIMIZED["lambda"], client.meta.service_model, dict(error.response)) from error
        except BotoCoreError as error:
            raise client_error("Lambda", error) from error
        text = response["Payload"].read().decode()
        return FunctionResult(text, "FunctionError" in response, response.get("ExecutedVersion", "$LATEST"))

    return invoke


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """The context argument of a Python handler, with the attributes that exist offline."""

    function_name: str
    invoked_function_arn: str
    aws_request_id: str
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 128


Handler = Callable[[Any, LambdaContext], Any]


def handler_invoker(handlers: Mapping[str, Handler]) -> Invoker:
    """Invokes Python handlers ``(event, context)``, by function name or ARN."""

    def invoke(function: str, payload: str, kind: str) -> FunctionResult:
        name = function_name(function)
        handler = handlers.get(function) or handlers.get(name)
        if handler is None:
            raise function_not_found(function)
        arn = function if function.startswith("arn:") else f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
        return run_handler(handler, json.loads(payload), LambdaContext(name, arn, str(uuid.uuid4())))

    return invoke


def run_handler(handler: Handler, event: Any, context: LambdaContext) -> FunctionResult:
    """The result that Lambda's Python runtime gives for a handler's return value or exception."""
    try:
        return FunctionResult(json.dumps(handler(event, context)))
    except Exception as error:  # Lambda reports every exception of a handler as a failed payload
        return FunctionResult(failure_payload(error, context.aws_request_id), failed=True)


def failure_payload(error: BaseException, request_id: str) -> str:
    """The payload that Lambda's Python runtime writes for an uncaught exception, with its spacing."""
    frames = traceback.extract_tb(error.__traceback__)[1:]
    shape = {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": request_id,
        "stackTrace": traceback.format_list(frames),
    }
    return json.dumps(shape)


def function_not_found(function: str, account: str = "000000000000") -> StatesError:
    """Lambda's error for a function that doesn't exist."""
    arn = function if function.startswith("arn:") else f"arn:aws:lambda:us-east-1:{account}:function:{function}"
    name = arn if arn.count(":") > 6 else f"{arn}:$LATEST"
    response = {
        "Error": {"Code": "ResourceNotFoundException", "Message": f"Function not found: {name}"},
        "ResponseMetadata": {"HTTPStatusCode": 404},
    }
    return optimized_error(OPTIMIZED["lambda"], _LambdaErrors, response)


class _LambdaErrors:
    """The part of botocore's service model that ``optimized_error`` needs, without loading boto3."""

    @staticmethod
    def shape_for_error_code(code: str) -> Any:
        from types import SimpleNamespace

        return SimpleNamespace(name=code)
