"""X-Ray: each call from a function on Lambda has the trace's header, and in a task a subsegment."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from aws_xray_sdk.core import xray_recorder
from aws_xray_sdk.core.lambda_launcher import LambdaContext
from aws_xray_sdk.core.recorder import AWSXRayRecorder

from oms.adapters.aws import json_protocol
from oms.adapters.aws.clients import Aws, _boto3_client, _boto3_json_client, _json_client
from oms.adapters.aws.json_protocol import AwsError, AwsUnavailable
from oms.adapters.aws.tracing import FUNCTION_NAME, SDK, TRACE_ID
from tests.unit.adapters.test_http import Server

ROOT, PARENT = "1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8"
TRACE = f"Root={ROOT};Parent={PARENT};Sampled=1;Lineage=a:0"
OK = (200, {})
CONFLICT = (400, {"__type": "ConditionalCheckFailedException", "message": "no"})
THROTTLED = (400, {"__type": "ns#ThrottlingException", "message": "slow down"})
BROKEN = (500, {"__type": "InternalServerError", "message": "broken"})


def http(status: int, body: Any) -> bytes:
    text = json.dumps(body)
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(text)}\r\nx-amzn-RequestId: id-{status}\r\n\r\n{text}".encode()


class Emitter:
    """Collects the entities that would be sent to the X-Ray daemon."""

    def __init__(self) -> None:
        self.entities: list[dict[str, Any]] = []

    def send_entity(self, entity: Any) -> None:
        self.entities.append(json.loads(entity.serialize()))


@pytest.fixture
def emitter(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emitter]:
    """The X-Ray SDK as in a function on Lambda that Powertools traces."""
    monkeypatch.setenv(FUNCTION_NAME, "ReserveInventory")
    monkeypatch.setenv(TRACE_ID, TRACE)
    monkeypatch.setattr(json_protocol.random, "uniform", lambda shortest, longest: 0)
    emitter, recorder = Emitter(), AWSXRayRecorder()
    for each in (recorder, xray_recorder):  # nothing is sent, and the SDK's own recorder is made at its import
        each.emitter._socket.close()
    recorder.configure(context=LambdaContext(), sampling=False, emitter=emitter, streaming_threshold=0)
    monkeypatch.setitem(sys.modules, SDK, SimpleNamespace(xray_recorder=recorder))
    for cached in (_json_client, _boto3_json_client, _boto3_client):
        cached.cache_clear()
    yield emitter
    for cached in (_json_client, _boto3_json_client, _boto3_client):
        cached.cache_clear()


def played(script: list[tuple[int, Any]], client: str = "", operation: str = "GetItem", **request: Any) -> list[str]:
    """Call DynamoDB while it plays a script. Returns the trace headers of the requests."""
    server = Server([http(*line) for line in script])
    keys = {"access_key": "AKIDEXAMPLE", "secret_key": "secret"}
    try:
        Aws("eu-central-1", dynamodb_endpoint=server.url, client=client, **keys).dynamodb().call(operation, **request)
    except (AwsError, AwsUnavailable):
        pass
    finally:
        server.close()
    lines = (line.partition(": ") for request in server.requests for line in request.decode().split("\r\n"))
    return [value for name, _, value in lines if name.lower() == "x-amzn-trace-id"]


KEY = {"pk": {"S": "LAMP"}}


@pytest.mark.parametrize("client", ["", "boto3"])
def test_a_call_is_a_subsegment_of_the_trace(emitter: Emitter, client: str) -> None:
    headers = played([OK], client, TableName="products", Key=KEY)

    (entity,) = emitter.entities
    assert (entity["name"], entity["namespace"], entity["trace_id"]) == ("dynamodb", "aws", ROOT)
    assert entity["parent_id"] == PARENT
    assert entity["http"]["response"]["status"] == 200
    assert entity["aws"] == {
        "operation": "GetItem",
        "region": "eu-central-1",
        "table_name": "products",
        "request_id": "id-200",
        "retries": 0,
    }
    assert not {"error", "fault", "throttle"} & entity.keys()
    assert [header.split(";")[:3] for header in headers] == [[f"Root={ROOT}", f"Parent={entity['id']}", "Sampled=1"]]


@pytest.mark.parametrize(
    ("script", "flags", "status", "retries"),
    [
        ([BROKEN, OK], set(), 200, 1),
        ([CONFLICT], {"error"}, 400, 0),
        ([THROTTLED] * 3, {"error", "throttle"}, 400, 2),
        ([(429, {})] * 3, {"error", "throttle"}, 429, 2),
        ([BROKEN] * 3, {"fault"}, 500, 2),
        ([(200, "no object")] * 3, {"fault"}, None, 2),
    ],
)
def test_a_subsegment_has_the_flags_of_its_outcome(
    emitter: Emitter, script: list[Any], flags: set[str], status: int | None, retries: int
) -> None:
    assert len(played(script, TableName="products", Key=KEY)) == len(script)

    (entity,) = emitter.entities
    assert {"error", "fault", "throttle"} & entity.keys() == flags
    assert entity.get("http", {}).get("response", {}).get("status") == status
    assert entity["aws"]["retries"] == retries


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("BatchGetItem", {"RequestItems": {"b": {"Keys": [KEY]}, "a": {"Keys": [KEY]}}}),
        (
            "TransactWriteItems",
            {"TransactItems": [{"Delete": {"TableName": name, "Key": KEY}} for name in ("b", "a", "b")]},
        ),
    ],
)
def test_a_call_on_several_tables_names_them(emitter: Emitter, operation: str, request_: Any) -> None:
    played([OK], "", operation, **request_)
    assert emitter.entities[0]["aws"]["table_names"] == ["a", "b"]


def test_an_unsampled_trace_has_the_header_alone(emitter: Emitter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TRACE_ID, TRACE.replace("Sampled=1", "Sampled=0"))
    (header,) = played([OK])
    assert header.startswith(f"Root={ROOT};")
    assert "Sampled=0" in header
    assert not emitter.entities


@pytest.mark.parametrize("client", ["", "boto3"])
def test_without_the_sdk_the_header_is_lambda_s_own(
    emitter: Emitter, monkeypatch: pytest.MonkeyPatch, client: str
) -> None:
    monkeypatch.delitem(sys.modules, SDK)
    assert played([OK], client, TableName="products", Key=KEY) == [TRACE]
    assert SDK not in sys.modules


def test_without_a_trace_there_is_no_header(emitter: Emitter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TRACE_ID)
    assert played([OK]) == []
    assert not emitter.entities


def test_off_lambda_there_is_nothing(emitter: Emitter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FUNCTION_NAME)
    assert played([OK]) == []
    assert not emitter.entities
