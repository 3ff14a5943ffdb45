"""X-Ray for the AWS clients, as its SDK has it for boto3: the trace's header, and a subsegment for each call.

Every call from a function on Lambda carries the header. A subsegment is recorded only where the X-Ray SDK is loaded,
as by Powertools' tracer in a task: its import would take longer than the rest of a small function's start.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from oms.adapters.aws.json_protocol import (
    THROTTLES,
    TOO_MANY_REQUESTS,
    AwsClient,
    AwsError,
    AwsUnavailable,
    Headers,
    Post,
)
from oms.adapters.http import ClientResponse

FUNCTION_NAME, TRACE_ID = "AWS_LAMBDA_FUNCTION_NAME", "_X_AMZN_TRACE_ID"
"""Lambda sets the first for a function, the second for each of its calls."""
TRACE_HEADER = "X-Amzn-Trace-Id"
SDK = "aws_xray_sdk.core"


def is_on_lambda() -> bool:
    return FUNCTION_NAME in os.environ


class TracedClient:
    """Records each call as a subsegment of the current trace entity. ``service`` is its name in X-Ray."""

    def __init__(self, client: AwsClient, service: str, region: str) -> None:
        self._client, self._service, self._region = client, service, region

    def call(self, operation: str, **request: Any) -> Any:
        recorder = _recorder()
        if recorder is None:
            return self._client.call(operation, **request)
        with recorder.in_subsegment(self._service, namespace="aws") as subsegment:
            # The error leaves the context only below: the context would mark every error as a fault.
            response, error = _outcome(self._client, operation, request)
            if subsegment is not None:
                meta = {"operation": operation, "region": self._region, **_tables(request)}
                subsegment.set_aws({**meta, **(subsegment.aws or {})})
                _mark(subsegment, error)
        if error is not None:
            raise error
        return response


def _outcome(
    client: AwsClient, operation: str, request: Mapping[str, Any]
) -> tuple[Any, AwsError | AwsUnavailable | None]:
    try:
        return client.call(operation, **request), None
    except (AwsError, AwsUnavailable) as error:
        return None, error


def traced(post: Post) -> Post:
    """``post`` with the trace's header. Counts its calls in the current subsegment: all but the first are retries."""

    def post_in_trace(body: bytes, headers: Headers) -> tuple[int, bytes]:
        subsegment = _subsegment()
        if subsegment is not None:
            aws = subsegment.aws or {}
            subsegment.set_aws({**aws, "retries": aws.get("retries", -1) + 1})
        return post(body, {**headers, **_trace_header(subsegment)})

    return post_in_trace


def note_response(response: ClientResponse) -> None:
    """Note the request's id in the current subsegment; that of the last attempt stays."""
    subsegment = _subsegment()
    if subsegment is not None:
        aws = subsegment.aws or {}
        subsegment.set_aws({**aws, "request_id": response.headers.get("x-amzn-requestid", "")})


def note_metadata(metadata: Mapping[str, Any]) -> None:
    """Note what boto3 says of a call in the current subsegment."""
    subsegment = _subsegment()
    if subsegment is not None:
        noted = {"request_id": metadata.get("RequestId", ""), "retries": metadata.get("RetryAttempts", 0)}
        subsegment.set_aws({**(subsegment.aws or {}), **noted})


def add_trace_header(params: Mapping[str, Any], **_: object) -> None:
    """A handler of botocore's event ``before-call``."""
    params["headers"].update(_trace_header(_subsegment()))


def _recorder() -> Any:
    """The X-Ray SDK's recorder, or None if it isn't loaded or there is no trace."""
    module = sys.modules.get(SDK)
    return module.xray_recorder if module is not None and os.environ.get(TRACE_ID) else None


def _subsegment() -> Any:
    recorder = _recorder()
    subsegment = recorder.current_subsegment() if recorder is not None else None
    return subsegment if subsegment is not None and subsegment.namespace == "aws" else None


def _trace_header(subsegment: Any) -> Headers:
    """The header of the subsegment, or without one that of the function's own segment."""
    if subsegment is not None:
        from aws_xray_sdk.ext.util import inject_trace_header  # type: ignore[import-untyped]

        headers: dict[str, str] = {}
        inject_trace_header(headers, subsegment)
        return headers
    trace_id = os.environ.get(TRACE_ID)
    return {TRACE_HEADER: quote(trace_id, safe="-=;:+&[]{}\"',")} if trace_id else {}


def _tables(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """The names of the tables that a request to DynamoDB reads or writes."""
    if "TableName" in request:
        return {"table_name": request["TableName"]}
    actions = (action for item in request.get("TransactItems", ()) for action in item.values())
    names = sorted({*request.get("RequestItems", ()), *(action["TableName"] for action in actions)})
    return {"table_names": names} if names else {}


def _mark(subsegment: Any, error: AwsError | AwsUnavailable | None) -> None:
    """Set the status and the flags: error is 4xx, throttle one of these, fault is 5xx or no whole response."""
    if error is None:
        subsegment.put_http_meta("status", 200)
        return
    if error.status:
        subsegment.put_http_meta("status", error.status)  # sets the flags of the status
    else:
        subsegment.add_fault_flag()
    if error.code in THROTTLES and error.status != TOO_MANY_REQUESTS:
        subsegment.add_throttle_flag()
