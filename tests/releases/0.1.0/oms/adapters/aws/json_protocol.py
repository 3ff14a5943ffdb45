"""A client of AWS's JSON protocol, for DynamoDB and Step Functions: a call is one signed POST of one JSON object.

A call through boto3 takes several times the work, and its import takes longer than the start of a small function
(docs/decisions/0007-speak-aws-json-ourselves.md). botocore still signs, and finds the credentials.
"""

from __future__ import annotations

import random
import time
import uuid
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import orjson

from oms.adapters.http import ClientResponse, HttpClient, NoResponse, server_of

CONNECT_SECONDS = 1
READ_SECONDS = 2.5
ATTEMPTS = 3
"""As in botocore's standard mode."""
CALL_SECONDS = 8
"""No attempt begins that may end later than this after the call began: the function around it has 10 seconds."""
FIRST_PAUSE_SECONDS = 1
CONFLICT_PAUSE_SECONDS = 0.05
"""A transaction is over sooner than a throttled service recovers."""

CONFLICTS = frozenset({"TransactionConflict", "TransactionConflictException", "TransactionInProgressException"})
THROTTLES = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "ExecutionLimitExceeded",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingError",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
TRANSIENT_ERRORS = frozenset(
    {
        "InternalFailure",
        "InternalServerError",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        *CONFLICTS,
        *THROTTLES,
    }
)
"""The codes of errors, and of reasons for a cancelled transaction, that a later call may not meet."""
REQUEST_TIMEOUT, TOO_MANY_REQUESTS = 408, 429

IDEMPOTENCY_TOKENS = {
    "ExecuteTransaction": "ClientRequestToken",
    "ExportTableToPointInTime": "ClientToken",
    "ImportTable": "ClientToken",
    "RedriveExecution": "clientToken",
    "TransactWriteItems": "ClientRequestToken",
}
"""The member of a request that makes its repetition harmless, by operation. A call that has none gets a new one."""

Headers = Mapping[str, str]
Post = Callable[[bytes, Headers], tuple[int, bytes]]
"""Sends a body, and returns the status and the body of the response. Raises ``AwsUnavailable``."""
Sign = Callable[[bytes, Headers], Headers]


class AwsUnavailable(Exception):
    """There was no response, or a transient error. The call may have had its effect.

    ``status`` is the response's, or 0 without a whole response; ``code`` is AWS's name of the error, if there is one.
    """

    def __init__(self, message: str, status: int = 0, code: str = "") -> None:
        super().__init__(message)
        self.status, self.code = status, code


class AwsError(Exception):
    """An error response. ``code`` is AWS's name of the error, ``response`` the response's body."""

    def __init__(self, code: str, response: Mapping[str, Any], status: int = 400) -> None:
        super().__init__(f"{code}: {response.get('message') or response.get('Message') or ''}")
        self.code, self.response, self.status = code, response, status


class AwsClient(Protocol):
    """A client of one service."""

    def call(self, operation: str, **request: Any) -> Any:
        """The response. Raises ``AwsError``, and ``AwsUnavailable`` if every attempt met a transient error."""
        ...


class AwsJsonClient:
    """``AwsClient`` over the JSON protocol. ``target`` is the service's name in ``X-Amz-Target``."""

    def __init__(
        self,
        target: str,
        post: Post,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._target, self._post, self._sleep, self._clock = target, post, sleep, clock

    def call(self, operation: str, **request: Any) -> Any:
        if operation in IDEMPOTENCY_TOKENS:
            request.setdefault(IDEMPOTENCY_TOKENS[operation], str(uuid.uuid4()))
        body = orjson.dumps(request)
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"{self._target}.{operation}",
            "User-Agent": "order-management",
        }
        latest_start = self._clock() + CALL_SECONDS - CONNECT_SECONDS - READ_SECONDS
        for attempt in range(ATTEMPTS):
            try:
                return self._attempt(body, headers)
            except AwsUnavailable as error:
                seconds_left = latest_start - self._clock()
                if attempt == ATTEMPTS - 1 or seconds_left < 0:
                    raise
                first = CONFLICT_PAUSE_SECONDS if error.code in CONFLICTS else FIRST_PAUSE_SECONDS
                self._sleep(random.uniform(0, min(first * 2**attempt, seconds_left)))
        raise AssertionError("unreachable")

    def _attempt(self, body: bytes, headers: Headers) -> Any:
        status, response = self._post(body, headers)
        if status == 200:
            return parse_object(response)
        error = _error(status, response)
        if is_transient(status, error.code):
            raise AwsUnavailable(f"{status} {error}", status, error.code)
        raise error


def is_transient(status: int, code: str) -> bool:
    """Whether a later call may succeed."""
    return status >= 500 or status in (REQUEST_TIMEOUT, TOO_MANY_REQUESTS) or code in TRANSIENT_ERRORS


def parse_object(body: bytes) -> Any:
    """The JSON object of a successful response. Raises ``AwsUnavailable`` for anything else, as a truncated one."""
    try:
        response = orjson.loads(body)
    except ValueError as error:
        raise AwsUnavailable(f"the response's {len(body)} bytes aren't JSON: {error}") from error
    if not isinstance(response, dict):
        raise AwsUnavailable(f"the response's {len(body)} bytes aren't a JSON object")
    return response


def _error(status: int, body: bytes) -> AwsError:
    try:
        response = orjson.loads(body)
    except ValueError:  # from a proxy or load balancer in front of the service
        response = None
    if not isinstance(response, dict):
        return AwsError(str(status), {"message": body[:200].decode(errors="replace")}, status)
    return AwsError(_code(response.get("__type")) or str(status), response, status)


def _code(error_type: object) -> str:
    """The name in ``namespace#name:URL``, of which only the name is always there. Empty without one."""
    return error_type.partition(":")[0].rpartition("#")[2] if isinstance(error_type, str) else ""


def pooled(url: str, sign: Sign, on_response: Callable[[ClientResponse], None] | None = None) -> Post:
    """Posts over connections that all threads share. ``on_response`` is called with each whole response."""
    http = HttpClient(url, CONNECT_SECONDS, CONNECT_SECONDS + READ_SECONDS)

    def post(body: bytes, headers: Headers) -> tuple[int, bytes]:
        try:
            response = http.send("POST", "/", sign(body, headers), body)
        except NoResponse as error:
            raise AwsUnavailable(str(error)) from error
        if on_response is not None:
            on_response(response)
        _check_crc32(response)
        return response.status, response.body

    return post


def _check_crc32(response: ClientResponse) -> None:
    """DynamoDB sends the checksum of the body as it is on the wire. Raises ``AwsUnavailable`` if it doesn't match."""
    expected = response.headers.get("x-amz-crc32")
    if expected is not None and expected.strip() != str(zlib.crc32(response.body)):
        raise AwsUnavailable(f"the body of a {response.status} doesn't match its CRC32 {expected}")


def signer(url: str, service: str, region: str, credentials: Any) -> Sign:
    """Signs with Signature Version 4, by botocore's ``credentials``."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    target = server_of(url).geturl() + "/"

    def sign(body: bytes, headers: Headers) -> Headers:
        request = AWSRequest("POST", target, headers, body)
        SigV4Auth(credentials.get_frozen_credentials(), service, region).add_auth(request)
        return dict(request.headers.items())

    return sign


def unsigned(_: bytes, headers: Headers) -> Headers:
    return headers
