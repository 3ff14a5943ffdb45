"""AWS's JSON protocol, which DynamoDB and Step Functions speak: a call is one signed POST of one JSON object.

boto3 says the same through models, rules and events, at several times the work a call and after loading for longer than
a small function's own start (docs/decisions/0007-speak-aws-json-ourselves.md). What is intricate stays botocore's:
signatures, and where credentials come from.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from oms.adapters.http import Http, NoAnswer

CONNECT_SECONDS = 1
READ_SECONDS = 3
ATTEMPTS = 2
"""So a call that meets silence ends within 8 seconds, before the function around it does."""
LONGEST_PAUSE_SECONDS = 0.1

PASSING = frozenset(
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
"""The codes of what passes by itself: errors, and the reasons of a cancelled transaction."""

Headers = Mapping[str, str]
Post = Callable[[bytes, Headers], tuple[int, bytes]]
"""Sends a body, and answers the status and the body that came back. Raises ``Unanswered``."""
Sign = Callable[[bytes, Headers], Headers]


class Unanswered(Exception):
    """No answer came, or one that says to ask later: what the call did is unknown."""


class Refused(Exception):
    """AWS's no. ``code`` is its name for the reason, ``told`` all that it said."""

    def __init__(self, code: str, told: Mapping[str, Any]) -> None:
        super().__init__(f"{code}: {told.get('message') or told.get('Message') or ''}")
        self.code, self.told = code, told


class Api:
    """One service. ``target`` is how its requests name it."""

    def __init__(self, target: str, post: Post, sleep: Callable[[float], None] = time.sleep) -> None:
        self._target, self._post, self._sleep = target, post, sleep

    def call(self, operation: str, **request: Any) -> Any:
        """Raises ``Refused``; ``Unanswered`` when every attempt was, or met what passes by itself."""
        body = orjson.dumps(request)
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"{self._target}.{operation}",
            "User-Agent": "order-management",
        }
        for left in reversed(range(ATTEMPTS)):
            try:
                return self._answered(body, headers)
            except Unanswered:
                if not left:
                    raise
                self._sleep(random.uniform(0, LONGEST_PAUSE_SECONDS))
        raise AssertionError("unreachable")

    def _answered(self, body: bytes, headers: Headers) -> Any:
        status, answer = self._post(body, headers)
        if status == 200:
            return orjson.loads(answer)
        refused = _refused(status, answer)
        if status >= 500 or refused.code in PASSING:
            raise Unanswered(f"{status} {refused}")
        raise refused


def _refused(status: int, answer: bytes) -> Refused:
    try:
        told = orjson.loads(answer)
    except ValueError:  # not the service but something before it
        return Refused(str(status), {"message": answer[:200].decode(errors="replace")})
    return Refused(told.get("__type", str(status)).rpartition("#")[2], told)


def pooled(url: str, sign: Sign) -> Post:
    """Over connections that every thread shares."""
    http = Http(url, CONNECT_SECONDS, CONNECT_SECONDS + READ_SECONDS)

    def post(body: bytes, headers: Headers) -> tuple[int, bytes]:
        try:
            answer = http.send("POST", "/", sign(body, headers), body)
        except NoAnswer as error:
            raise Unanswered(str(error)) from error
        return answer.status, answer.body

    return post


def signer(url: str, service: str, region: str, credentials: Any) -> Sign:
    """Signature version 4, by botocore's ``credentials``."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    def sign(body: bytes, headers: Headers) -> Headers:
        request = AWSRequest("POST", url + "/", headers, body)
        SigV4Auth(credentials.get_frozen_credentials(), service, region).add_auth(request)
        return dict(request.headers.items())

    return sign


def unsigned(_: bytes, headers: Headers) -> Headers:
    return headers
