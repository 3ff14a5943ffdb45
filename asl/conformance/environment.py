"""The environment of a recorded scenario: its AWS resources in moto, its Lambda functions in process.

with scenario_environment(scenario) as services:
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
ROUTED_HERE = {"apigateway", "logs"}  # AWS chose the ids of the REST APIs, so the setup calls declare the routes
PASSIVE_CALLS = (
    "Get",
    "Describe",
    "Receive",
    "PutTargets",
    "Subscribe",
)  # they change nothing that a scenario observes

Sleep = Callable[[float], None]


@contextmanager
def scenario_environment(scenario: Mapping[str, Any], sleep: Sleep | None = None) -> Iterator[Services]:
    """The services of a scenario, with the resources of its ``setup`` calls and its ``lambdas``; moto stops afterwards.

    Args:
        scenario: a line of the recordings.
        sleep: called by a function that sleeps; by default it doesn't sleep.
    """
    invoke = scenario_functions(scenario.get("lambdas") or [], sleep)
    setup = scenario.get("setup") or []
    transport = rest_apis(setup, invoke)
    if not scenario.get("needs"):
        yield Services(lambda _: None, invoke, transport)
        return
    with _moto():
        clients = boto_clients(**CREDENTIALS)
        clients("s3").meta.events.register("after-call.s3.PutObject", _add_s3_defaults)
        for step in setup:
            _make_setup_call(clients, step)
        yield Services(clients, invoke, transport)


@contextmanager
def _moto() -> Iterator[None]:
    os.environ.setdefault("MOTO_ACCOUNT_ID", ACCOUNT)  # read when moto is imported
    from moto import mock_aws

    with mock_aws():
        yield


def _add_s3_defaults(parsed: dict[str, Any], **_: Any) -> None:
    """Fields that S3 has added to its responses since 2023, and moto hasn't."""
    parsed.update(ServerSideEncryption="AES256", ChecksumType="FULL_OBJECT")


def _make_setup_call(clients: Callable[[str], Any], step: Mapping[str, Any]) -> None:
    from botocore import xform_name
    from botocore.exceptions import BotoCoreError, ClientError

    if step["service"] in ROUTED_HERE or step["op"].startswith(PASSIVE_CALLS):
        return
    client = clients(step["service"])
    with suppress(BotoCoreError, ClientError):  # the recorded call may have failed too
        getattr(client, xform_name(step["op"]))(**_call_parameters(step))


def _call_parameters(step: Mapping[str, Any]) -> dict[str, Any]:
    """The call's parameters, with the attributes of FIFO names that the recordings leave out."""
    parameters = {name: value for name, value in step["params"].items() if value != ""}
    if str(parameters.get("Name", "")).endswith(".fifo"):
        parameters.setdefault("Attributes", {})["FifoTopic"] = "true"
    if str(parameters.get("QueueName", "")).endswith(".fifo"):
        parameters.setdefault("Attributes", {})["FifoQueue"] = "true"
    return parameters


def scenario_functions(lambdas: list[Mapping[str, Any]], sleep: Sleep | None = None) -> Invoker:
    """Invokes the scenario's functions, each by its ``behaviour``."""
    by_name = {function["name"]: function for function in lambdas}

    def invoke(function: str, payload: str, kind: str) -> FunctionResult:
        behaviour = by_name.get(function_name(function))
        if behaviour is None:
            raise function_not_found(function, ACCOUNT)
        return _run_behaviour(behaviour, json.loads(payload), sleep)

    return invoke


def _run_behaviour(function: Mapping[str, Any], event: Any, sleep: Sleep | None) -> FunctionResult:
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
            return FunctionResult(_error_payload(function), failed=True)
        case "sleep_then_echo":
            if sleep is not None:
                sleep(function["seconds"])
            return FunctionResult(json.dumps(event))
        case _:
            return FunctionResult(json.dumps(event))


def _error_payload(function: Mapping[str, Any]) -> str:
    kind, message = function["errorType"], function.get("errorMessage") or ""
    line, call = (2, f'{kind}("{message}")') if message else (9, f"{kind}()")
    frame = f'  File "/var/task/handler.py", line {line}, in handler\n    raise {call}\n'
    payload = {"errorMessage": message, "errorType": kind, "requestId": "00000000-0000-0000-0000-000000000000"}
    return json.dumps(payload | {"stackTrace": [frame]})


def rest_apis(setup: list[Mapping[str, Any]], invoke: Invoker) -> Transport:
    """The transport to the REST APIs of the setup: each method on a path calls a function."""
    paths: dict[str, str] = {}
    routes: dict[tuple[str, str], str] = {}
    resources = [step["params"] for step in setup if step["op"] == "CreateResource"]
    integrations = [step["params"] for step in setup if step["op"] == "PutIntegration"]
    for resource, integration in zip(resources, integrations, strict=False):
        paths[integration["resourceId"]] = resource["pathPart"]
    for integration in integrations:
        function = integration["uri"].partition("/functions/")[2].removesuffix("/invocations")
        routes[integration["httpMethod"], paths.get(integration["resourceId"], "")] = function

    def transport(request: HttpRequest) -> HttpResponse:
        path = urlsplit(request.url).path.strip("/").partition("/")[2]
        function = routes.get((request.method, path))
        if function is None:
            return _json_response(403, "Forbidden", {"message": "Missing Authentication Token"})
        result = invoke(function, request.body or "{}", "RequestResponse")
        length = str(len(result.payload.encode()))
        return HttpResponse(200, "OK", HEADERS | {"Content-Length": [length]}, result.payload)

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
