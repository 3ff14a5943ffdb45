"""``AWS_CLIENT=boto3``: its responses and errors are those of the client of the JSON protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from oms.adapters.aws.clients import Aws
from oms.adapters.aws.json_protocol import AwsError, AwsUnavailable
from tests.contract.stores import free_port
from tests.unit.adapters.test_http import Server


def http(status: int, body: str) -> bytes:
    return f"HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


CALLS: dict[str, Callable[[Aws], Any]] = {
    "GetItem": lambda aws: aws.dynamodb().call("GetItem", TableName="orders", Key={"pk": {"S": "a"}}),
    "TransactWriteItems": lambda aws: aws.dynamodb().call(
        "TransactWriteItems", TransactItems=[{"Delete": {"TableName": "orders", "Key": {"pk": {"S": "a"}}}}]
    ),
    "DescribeExecution": lambda aws: aws.stepfunctions().call("DescribeExecution", executionArn="arn:aws:states"),
}


def played(client: str, call: str, response: bytes) -> tuple[Any, ...]:
    """The outcome of a call that gets this response: what is returned, or the error."""
    server = Server([response], [response], [response])
    endpoints = {"dynamodb_endpoint": server.url, "stepfunctions_endpoint": server.url}
    try:
        return ("response", CALLS[call](Aws("eu-central-1", **endpoints, signs=False, client=client)))  # type: ignore[arg-type]
    except AwsError as error:
        return ("error", error.code, error.status, error.response.get("message"), reasons(error))
    except AwsUnavailable as error:
        return ("unavailable", error.status, error.code)
    finally:
        server.close()


def reasons(error: AwsError) -> Any:
    return error.response.get("CancellationReasons")


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)


@pytest.mark.parametrize(
    ("call", "response"),
    [
        ("GetItem", http(200, '{"Item": {"pk": {"S": "a"}, "n": {"N": "1"}}}')),
        ("DescribeExecution", http(200, '{"executionArn": "a", "startDate": 1717171717.5, "status": "RUNNING"}')),
        ("GetItem", http(400, '{"__type": "ns#ResourceNotFoundException", "message": "no table"}')),
        ("DescribeExecution", http(400, '{"__type": "ExecutionDoesNotExist", "message": "none"}')),
        (
            "TransactWriteItems",
            http(
                400,
                '{"__type": "ns#TransactionCanceledException", "message": "no",'
                ' "CancellationReasons": [{"Code": "ConditionalCheckFailed", "Message": "no"}]}',
            ),
        ),
        ("GetItem", http(400, '{"__type": "ns#ThrottlingException:http://x/", "message": "slow down"}')),
        ("GetItem", http(429, "{}")),
        ("GetItem", http(503, "{}")),
        ("GetItem", http(200, '{"Item": {"pk": {"S"')),
        ("DescribeExecution", http(200, "[]")),
    ],
)
def test_both_clients_have_the_same_outcome(call: str, response: bytes) -> None:
    assert played("boto3", call, response) == played("", call, response)


def test_nobody_there_is_unavailable() -> None:
    aws = Aws("eu-central-1", dynamodb_endpoint=f"http://127.0.0.1:{free_port()}", signs=False, client="boto3")
    with pytest.raises(AwsUnavailable):
        CALLS["GetItem"](aws)
