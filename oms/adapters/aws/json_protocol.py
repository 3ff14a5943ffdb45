"""A client of AWS's JSON protocol, for DynamoDB and Step Functions: a call is one signed POST of one JSON object.

A call through boto3 takes several times the work, and its import takes longer than the start of a small function
(docs/decisions/0007-speak-aws-json-ourselves.md). botocore still signs, and finds the credentials.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from oms.adapters.http import HttpClient, NoResponse

CONNECT_SECONDS = 1
READ_SECONDS = 3
ATTEMPTS = 2
"""A call without any response ends after 8 seconds, before the function around it does."""
MAX_PAUSE_SECONDS = 0.1

TRANSIENT_ERRORS = frozenset(
    {
        "InternalFailure",
        "InternalServerError",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingError",
        "ThrottlingException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
        "ExecutionLimitExceeded",
    }
)
"""The codes of errors, and of reasons for a cancelled transaction, that a later call may not meet."""

Headers = Mapping[str, str]
Post = Callable[[bytes, Headers], tuple[int, bytes]]
"""Sends a body, and returns the status and the body of the response. Raises ``AwsUnavailable``."""
Sign = Callable[[bytes, Headers], Headers]


class AwsUnavailable(Exception):
    """There was no response, or a transient error. The call may have had its effect."""


class AwsError(Exception):
    """An error response. ``code`` is AWS's name of the error, ``response`` the response's body."""

    def __init__(self, code: str, response: Mapping[str, Any]) -> None:
        super().__init__(f"{code}: {response.get('message') or response.get('Message') or ''}")
        self.code, self.response = code, response


class AwsJsonClient:
    """A client of one service. ``target`` is the service's name in ``X-Amz-Target``."""

    def __init__(self, target: str, post: Post, sleep: Callable[[float], None] = time.sleep) -> None:
        self._target, self._post, self._sleep = target, post, sleep

    def call(self, operation: str, **request: Any) -> Any:
        """Raises ``AwsError``, and ``AwsUnavailable`` if every attempt had no response or a transient error."""
        body = orjson.dumps(request)
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"{self._target}.{operation}",
            "User-Agent": "order-management",
        }
        for attempts_left in reversed(range(ATTEMPTS)):
            try:
                return self._attempt(body, headers)
            except AwsUnavailable:
                if not attempts_left:
                    raise
                self._sleep(random.uniform(0, MAX_PAUSE_SECONDS))
        raise AssertionError("unreachable")

    def _attempt(self, body: bytes, headers: Headers) -> Any:
        status, response = self._post(body, headers)
        if status == 200:
            return orjson.loads(response)
        error = _error(status, response)
        if status >= 500 or error.code in TRANSIENT_ERRORS:
            raise AwsUnavailable(f"{status} {error}")
        raise error


def _error(status: int, body: bytes) -> AwsError:
    try:
        response = orjson.loads(body)
    except ValueError:  # from a proxy or load balancer in front of the service
        return AwsError(str(status), {"message": body[:200].decode(errors="replace")})
    return AwsError(response.get("__type", str(status)).rpartition("#")[2], response)


def pooled(url: str, sign: Sign) -> Post:
    """Posts over connections that all threads share."""
    http = HttpClient(url, CONNECT_SECONDS, CONNECT_SECONDS + READ_SECONDS)

    def post(body: bytes, headers: Headers) -> tuple[int, bytes]:
        try:
            response = http.send("POST", "/", sign(body, headers), body)
        except NoResponse as error:
            raise AwsUnavailable(str(error)) from error
        return response.status, response.body

    return post


def signer(url: str, service: str, region: str, credentials: Any) -> Sign:
    """Signs with Signature Version 4, by botocore's ``credentials``."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    def sign(body: bytes, headers: Headers) -> Headers:
        request = AWSRequest("POST", url + "/", headers, body)
        SigV4Auth(credentials.get_frozen_credentials(), service, region).add_auth(request)
        return dict(request.headers.items())

    return sign


def unsigned(_: bytes, headers: Headers) -> Headers:
    return headers
