"""The world around one recorded scenario: its AWS resources in moto, its functions in process.

with world(scenario) as services:
    services.call(request)
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from asl.language.resources import function_name
from asl.services.boto import boto_clients
from asl.services.functions import FunctionResult, Invoker, function_not_found
from asl.services.http import HttpRequest, HttpResponse, Transport
from asl.services.integrations import Services
from asl.services.shapes import compact_json

REGION = "us-east-1"
ACCOUNT = "111111111111"
CREDENTIALS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": REGION}
ROUTED_HERE = {"apigateway", "logs"}  # API Gateway's ids are chosen by AWS, so its routes are read from the calls
PASSIVE = ("Get", "Describe", "Receive", "PutTargets", "Subscribe")  # what changes nothing that a scenario looks at

Sleep = Callable[[float], None]


@contextmanager
def world(scenario: Mapping[str, Any], sleep: Sleep | None = None) -> Iterator[Services]:
    """The services of a scenario, set up by its ``setup`` calls and ``lambdas``; moto is gone afterwards.

    Args:
        scenario: a line of the recordings.
        sleep: what passes the time of a function that sleeps; without it, it takes none.
    """
    invoke = functions(scenario.get("lambdas") or [], sleep)
    setup = scenario.get("setup") or []
    transport = rest_apis(setup, invoke)
    if not scenario.get("needs"):
        yield Services(lambda _: None, invoke, transport)
        return
    with _moto():
        clients = boto_clients(**CREDENTIALS)
        clients("s3").meta.events.register("after-call.s3.PutObject", _as_s3_answers)
        for step in setup:
            _perform(clients, step)
        yield Services(clients, invoke, transport)


@contextmanager
def _moto() -> Iterator[None]:
    os.environ.setdefault("MOTO_ACCOUNT_ID", ACCOUNT)  # read when moto is imported
    from moto import mock_aws

    with mock_aws():
        yield


def _as_s3_answers(parsed: dict[str, Any], **_: Any) -> None:
    """What S3 adds to an answer by default since 2023, and moto doesn't."""
    parsed.update(ServerSideEncryption="AES256", ChecksumType="FULL_OBJECT")


def _perform(clients: Callable[[str], Any], step: Mapping[str, Any]) -> None:
    from botocore import xform_name
    from botocore.exceptions import BotoCoreError, ClientError

    if step["service"] in ROUTED_HERE or step["op"].startswith(PASSIVE):
        return
    client = clients(step["service"])
    with suppress(BotoCoreError, ClientError):  # a recording may have set up what was refused
        getattr(client, xform_name(step["op"]))(**_defaults(step))


def _defaults(step: Mapping[str, Any]) -> dict[str, Any]:
    """The call's parameters; the recordings leave out what a FIFO name or an empty schedule implies."""
    parameters = {name: value for name, value in step["params"].items() if value != ""}
    if str(parameters.get("Name", "")).endswith(".fifo"):
        parameters.setdefault("Attributes", {})["FifoTopic"] = "true"
    if str(parameters.get("QueueName", "")).endswith(".fifo"):
        parameters.setdefault("Attributes", {})["FifoQueue"] = "true"
    return parameters


def functions(lambdas: list[Mapping[str, Any]], sleep: Sleep | None = None) -> Invoker:
    """The scenario's functions, each by its ``behaviour``."""
    by_name = {each["name"]: each for each in lambdas}

    def invoke(function: str, payload: str, kind: str) -> FunctionResult:
        behaviour = by_name.get(function_name(function))
        if behaviour is None:
            raise function_not_found(function, ACCOUNT)
        return _behave(behaviour, json.loads(payload), sleep)

    return invoke


def _behave(function: Mapping[str, Any], event: Any, sleep: Sleep | None) -> FunctionResult:
    match function["behaviour"]:
        case "const":
            return FunctionResult(json.dumps(function["value"]))
        case "const_raw":
            return FunctionResult(function["value"])
        case "const_repeat":
            return FunctionResult(json.dumps(function["char"] * function["size"]))
        case "format":
            return FunctionResult(json.dumps(function["template"].format(event)))
        case "raise":
            return FunctionResult(_raised(function), failed=True)
        case "sleep_then_echo":
            if sleep is not None:
                sleep(function["seconds"])
            return FunctionResult(json.dumps(event))
        case _:
            return FunctionResult(json.dumps(event))


def _raised(function: Mapping[str, Any]) -> str:
    kind, message = function["errorType"], function.get("errorMessage") or ""
    line, call = (2, f'{kind}("{message}")') if message else (9, f"{kind}()")
    frame = f'  File "/var/task/handler.py", line {line}, in handler\n    raise {call}\n'
    shape = {"errorMessage": message, "errorType": kind, "requestId": "00000000-0000-0000-0000-000000000000"}
    return json.dumps(shape | {"stackTrace": [frame]})


def rest_apis(setup: list[Mapping[str, Any]], invoke: Invoker) -> Transport:
    """API Gateway's REST APIs as the setup declares them: a method on a path that calls a function."""
    paths: dict[str, str] = {}
    routes: dict[tuple[str, str], str] = {}
    created = [step["params"] for step in setup if step["op"] == "CreateResource"]
    integrations = [step["params"] for step in setup if step["op"] == "PutIntegration"]
    for resource, integration in zip(created, integrations, strict=False):
        paths[integration["resourceId"]] = resource["pathPart"]
    for integration in integrations:
        function = integration["uri"].partition("/functions/")[2].removesuffix("/invocations")
        routes[integration["httpMethod"], paths.get(integration["resourceId"], "")] = function

    def transport(request: HttpRequest) -> HttpResponse:
        path = urlsplit(request.url).path.strip("/").partition("/")[2]
        function = routes.get((request.method, path))
        if function is None:
            return _json_response(403, "Forbidden", {"message": "Missing Authentication Token"})
        reply = invoke(function, request.body or "{}", "RequestResponse")
        length = str(len(reply.payload.encode()))
        return HttpResponse(200, "OK", HEADERS | {"Content-Length": [length]}, reply.payload)

    return transport


HEADERS = {
    name: [value]
    for name, value in {
        "Connection": "keep-alive",
        "Content-Length": "2",
        "Content-Type": "application/json",
        "Date": "Thu, 01 Jan 1970 00:00:00 GMT",
        "Via": "1.1 cloudfront.net (CloudFront)",
        "X-Amz-Cf-Id": "id",
        "X-Amz-Cf-Pop": "pop",
        "X-Amzn-Trace-Id": "root=1-00000000-000000000000000000000000",
        "X-Cache": "Miss from cloudfront",
        "x-amz-apigw-id": "id",
        "x-amzn-RequestId": "00000000-0000-0000-0000-000000000000",
    }.items()
}


def _json_response(status: int, reason: str, body: Any) -> HttpResponse:
    return HttpResponse(status, reason, HEADERS, compact_json(body))
