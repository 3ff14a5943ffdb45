"""Which responses the AWS client retries, how long it pauses, and that it stays within a function's time."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.parsers import JSONParser
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker
from botocore.session import Session

from oms.adapters.aws.clients import DYNAMODB, SERVICES
from oms.adapters.aws.json_protocol import (
    CALL_SECONDS,
    CONNECT_SECONDS,
    IDEMPOTENCY_TOKENS,
    READ_SECONDS,
    TRANSIENT_ERRORS,
    AwsError,
    AwsJsonClient,
    AwsUnavailable,
    Headers,
    pooled,
    unsigned,
)
from oms.declarations.limits import FUNCTION_TIMEOUT_SECONDS
from tests.unit.adapters.test_http import Server

OK = (200, b"{}")
THROTTLED = (400, b'{"__type":"ThrottlingException"}')
CONFLICT = (400, b'{"__type":"TransactionConflictException"}')
NO_RESPONSE = AwsUnavailable("timed out")


class Scripted:
    """A client whose service plays a script. Its clock moves by a pause, and by ``seconds`` with each attempt."""

    def __init__(self, *script: Any, seconds: float = 0) -> None:
        self.script, self.seconds = list(script), seconds
        self.now = 0.0
        self.pauses: list[float] = []
        self.bodies: list[bytes] = []
        self.client = AwsJsonClient(DYNAMODB, self._post, self._sleep, lambda: self.now)

    def _post(self, body: bytes, _: Headers) -> tuple[int, bytes]:
        self.bodies.append(body)
        self.now += self.seconds
        line = self.script.pop(0)
        if isinstance(line, Exception):
            raise line
        status, answer = line
        return status, answer

    def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def with_type(error_type: str, status: int = 400) -> tuple[int, bytes]:
    return status, json.dumps({"__type": error_type, "message": "no"}).encode()


@pytest.mark.parametrize(
    "trouble",
    [
        NO_RESPONSE,
        (429, b""),
        (429, b"<html>slow down"),
        (408, b""),
        (500, b"null"),
        with_type("TooManyRequestsException"),
        with_type("ThrottledException"),
        with_type("com.amazonaws.dynamodb.v20120810#ThrottlingException:http://internal.amazon.com/coral/"),
        with_type("ThrottlingException:http://internal.amazon.com/coral/com.amazon.coral.availability/"),
        with_type("com.amazon.coral.availability#ThrottlingException"),
        (200, b'{"Item": {"pk": {"S": "LA'),
        (200, b""),
        (200, b"[]"),
        (200, b"<html>"),
    ],
    ids=lambda trouble: str(trouble)[:60],
)
def test_a_transient_response_is_retried_twice(trouble: Any) -> None:
    scripted = Scripted(trouble, trouble, OK)
    assert scripted.client.call("PutItem") == {}

    scripted = Scripted(trouble, trouble, trouble, OK)
    with pytest.raises(AwsUnavailable):
        scripted.client.call("PutItem")
    assert scripted.script == [OK]
    assert len(set(scripted.bodies)) == 1


@pytest.mark.parametrize("body", [b'"no"', b"[1]", b'{"__type": null}', b'{"__type": 7}', b'{"message": "no"}', b""])
def test_an_error_without_a_code_has_its_status_as_code(body: bytes) -> None:
    with pytest.raises(AwsError) as refused:
        Scripted((400, body)).client.call("GetItem")
    assert (refused.value.code, refused.value.status) == ("400", 400)


def test_every_code_that_botocore_retries_is_transient() -> None:
    codes = {*ThrottledRetryableChecker._THROTTLED_ERROR_CODES, *TransientRetryableChecker._TRANSIENT_ERROR_CODES}
    assert codes <= TRANSIENT_ERRORS


@pytest.mark.parametrize(
    "error_type",
    ["A", "ns#A", "a.b.c#A", "A:http://x/#y", "ns#A:http://x/", "a#b#A", "", "#A", ":A", "ns#"],
)
def test_a_code_is_read_as_botocore_reads_it(error_type: str) -> None:
    with pytest.raises(AwsError) as refused:
        Scripted(with_type(error_type)).client.call("GetItem")

    response = {"status_code": 400, "headers": {}, "body": with_type(error_type)[1]}
    expected = JSONParser().parse(response, None)["Error"]["Code"]
    assert refused.value.code == (expected or "400")


def test_pauses_have_full_jitter_and_double() -> None:
    pauses = []
    for _ in range(200):
        scripted = Scripted(THROTTLED, THROTTLED, OK)
        scripted.client.call("PutItem")
        pauses.append(scripted.pauses)
    first, second = zip(*pauses, strict=True)
    assert min(first) < 0.2
    assert 0.8 < max(first) <= 1
    assert min(second) < 0.4
    assert 1.6 < max(second) <= 2


def test_a_conflict_with_another_transaction_pauses_shortly() -> None:
    scripted = Scripted(CONFLICT, CONFLICT, OK)
    scripted.client.call("GetItem")
    assert max(scripted.pauses) <= 0.1


@pytest.mark.parametrize(("seconds", "attempts"), [(0, 3), (1, 3), (3.5, 2), (6, 1), (30, 1)])
def test_a_call_ends_within_the_function_s_time(seconds: float, attempts: int) -> None:
    for _ in range(50):
        scripted = Scripted(NO_RESPONSE, NO_RESPONSE, NO_RESPONSE, seconds=seconds)
        with pytest.raises(AwsUnavailable):
            scripted.client.call("PutItem")
        assert len(scripted.bodies) == attempts
        longest_attempt = max(seconds, CONNECT_SECONDS + READ_SECONDS)
        assert scripted.now <= CALL_SECONDS - (CONNECT_SECONDS + READ_SECONDS) + longest_attempt or attempts == 1
    assert CALL_SECONDS < FUNCTION_TIMEOUT_SECONDS


def test_every_idempotency_token_that_botocore_fills_in_is_filled_in() -> None:
    session, members = Session(), {}
    for service in SERVICES.values():
        model = session.get_service_model(service.name)
        for operation in model.operation_names:
            for member in model.operation_model(operation).idempotent_members:
                members[operation] = member
    assert members == IDEMPOTENCY_TOKENS


@pytest.mark.parametrize(("operation", "member"), IDEMPOTENCY_TOKENS.items())
def test_each_call_has_a_token_of_its_own_that_its_attempts_share(operation: str, member: str) -> None:
    scripted = Scripted(NO_RESPONSE, OK, OK, OK)
    scripted.client.call(operation)
    scripted.client.call(operation)
    scripted.client.call(operation, **{member: "mine"})
    tokens = [json.loads(body)[member] for body in scripted.bodies]
    assert tokens[0] == tokens[1] != tokens[2]
    assert tokens[3] == "mine"


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    started: list[Server] = []
    yield started
    for server in started:
        server.close()


def http(body: bytes, crc32: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nx-amz-crc32: {crc32}\r\n\r\n".encode() + body


def test_a_body_that_does_not_match_its_checksum_is_no_response(servers: list[Server]) -> None:
    body, changed = b'{"Count":1}', b'{"Count":7}'
    crc32 = str(zlib.crc32(body))
    servers.append(Server([http(changed, crc32), http(body, "not a number"), http(body, crc32)]))
    client = AwsJsonClient(DYNAMODB, pooled(servers[0].url, unsigned), sleep=lambda _: None)

    assert client.call("Query") == {"Count": 1}
    assert len(servers[0].requests) == 3
