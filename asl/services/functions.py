"""Lambda functions: what a call answers, and the task results that Step Functions makes of it.

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
from asl.services.boto import Clients
from asl.services.faults import client_error, missing_fields, optimized_error, unsupported_fields
from asl.services.naming import OPTIMIZED
from asl.services.shapes import compact

INVOKE_FIELDS = {"FunctionName", "Payload", "InvocationType", "ClientContext", "Qualifier", "LogType", "TenantId"}


@dataclass(frozen=True, slots=True)
class Reply:
    """What a function answered: the raw text of its payload, and whether that text is a failure."""

    payload: str
    failed: bool = False
    version: str = "$LATEST"


Invoker = Callable[[str, str, str], Reply]
"""Call a function: its name or ARN, the payload's JSON text, the invocation type. Raises StatesError."""


def call_arn(invoke: Invoker, arn: str, payload: Any) -> Any:
    """A task whose Resource is the function's own ARN: the result is the payload, the cause its raw text."""
    reply = invoke(arn, compact(payload), "RequestResponse")
    if reply.failed:
        raise failure(reply.payload)
    return parsed(reply.payload)


def call_invoke(invoke: Invoker, parameters: Any) -> Any:
    """``arn:aws:states:::lambda:invoke``: the payload inside an envelope that describes the call."""
    if not isinstance(parameters, dict) or "FunctionName" not in parameters:
        raise missing_fields(parameters, ["FunctionName"])
    if unknown := [name for name in parameters if name not in INVOKE_FIELDS]:
        raise unsupported_fields(parameters, unknown)
    name, qualifier = parameters["FunctionName"], parameters.get("Qualifier")
    kind = parameters.get("InvocationType", "RequestResponse")
    payload = parameters.get("Payload")  # null is no payload, and a function without one gets {}
    text = compact({} if payload is None else payload)
    reply = invoke(f"{name}:{qualifier}" if qualifier else name, text, kind)
    if reply.failed:
        raise failure(compact(parsed(reply.payload)))
    return _envelope(reply, kind)


def parsed(text: str) -> Any:
    """A payload's JSON value, or its text where it is no JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def failure(payload: str) -> StatesError:
    """The task's error for a function error's payload."""
    value = parsed(payload)
    name = value.get("errorType") if isinstance(value, dict) else None
    if name:
        return StatesError(str(name), payload)
    unknown = "The cause could not be determined because Lambda did not return an error type. Returned payload: "
    return StatesError("Lambda.Unknown", unknown + payload)


def _envelope(reply: Reply, kind: str) -> dict[str, Any]:
    status = 202 if kind == "Event" else 200
    request_id = str(uuid.uuid4())
    headers = {
        "X-Amz-Executed-Version": reply.version,
        "x-amzn-Remapped-Content-Length": "0",
        "Connection": "keep-alive",
        "x-amzn-RequestId": request_id,
        "Content-Length": str(len(reply.payload.encode())),
        "Date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()),
        "X-Amzn-Trace-Id": f"root=1-{request_id[:8]}-{request_id.replace('-', '')[8:]};sampled=0",
        "Content-Type": "application/json",
    }
    result: dict[str, Any] = {"ExecutedVersion": reply.version}
    if kind == "RequestResponse":
        result["Payload"] = parsed(reply.payload)
    return result | {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": status,
        },
        "SdkResponseMetadata": {"RequestId": request_id},
        "StatusCode": status,
    }


def through_boto(clients: Clients) -> Invoker:
    """Functions behind Lambda's Invoke API, at AWS or at an endpoint of one's own."""

    def invoke(function: str, payload: str, kind: str) -> Reply:
        from botocore.exceptions import BotoCoreError, ClientError

        client = clients("lambda")
        try:
            answer = client.invoke(FunctionName=function, Payload=payload.encode(), InvocationType=kind)
        except ClientError as error:
            raise optimized_error(OPTIMIZED["lambda"], client.meta.service_model, dict(error.response)) from error
        except BotoCoreError as error:
            raise client_error("Lambda", error) from error
        text = answer["Payload"].read().decode()
        return Reply(text, "FunctionError" in answer, answer.get("ExecutedVersion", "$LATEST"))

    return invoke


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """The second argument of a Python handler, as far as an offline function has one."""

    function_name: str
    invoked_function_arn: str
    aws_request_id: str
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 128


Handler = Callable[[Any, LambdaContext], Any]


def in_process(handlers: Mapping[str, Handler]) -> Invoker:
    """Functions that are Python handlers ``(event, context)``, by function name or ARN."""

    def invoke(function: str, payload: str, kind: str) -> Reply:
        name = function_name(function)
        handler = handlers.get(function) or handlers.get(name)
        if handler is None:
            raise not_found(function)
        arn = function if function.startswith("arn:") else f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
        return run(handler, json.loads(payload), LambdaContext(name, arn, str(uuid.uuid4())))

    return invoke


def run(handler: Handler, event: Any, context: LambdaContext) -> Reply:
    """What Lambda's Python runtime answers for a handler's result or exception."""
    try:
        return Reply(json.dumps(handler(event, context)))
    except Exception as error:  # every exception of a function is a failed payload
        return Reply(failure_payload(error, context.aws_request_id), failed=True)


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


def function_name(function: str) -> str:
    """The bare name in a function's name, partial ARN or ARN, with or without a qualifier."""
    parts = function.split(":")
    if "function" in parts:
        return parts[parts.index("function") + 1]
    return parts[0]


def not_found(function: str, account: str = "000000000000") -> StatesError:
    """Lambda's answer for a function that isn't there."""
    arn = function if function.startswith("arn:") else f"arn:aws:lambda:us-east-1:{account}:function:{function}"
    name = arn if arn.count(":") > 6 else f"{arn}:$LATEST"
    response = {
        "Error": {"Code": "ResourceNotFoundException", "Message": f"Function not found: {name}"},
        "ResponseMetadata": {"HTTPStatusCode": 404},
    }
    return optimized_error(OPTIMIZED["lambda"], _LambdaErrors, response)


class _LambdaErrors:
    """The part of botocore's service model that naming an error needs, without loading boto3."""

    @staticmethod
    def shape_for_error_code(code: str) -> Any:
        from types import SimpleNamespace

        return SimpleNamespace(name=code)
