"""The requests of the AWS client, and how it handles responses."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from oms.adapters.aws import json_protocol
from oms.adapters.aws.clients import Aws
from oms.adapters.aws.json_protocol import AwsError, AwsJsonClient, AwsUnavailable, pooled, unsigned
from tests.contract.stores import free_port


@dataclass
class Service:
    """Responds with the next entry of its script; None closes the connection."""

    url: str = ""
    script: list[tuple[int, bytes] | None] = field(default_factory=list)
    requests: list[tuple[dict[str, str], Any]] = field(default_factory=list)

    def aws(self, **more: Any) -> Aws:
        return Aws("eu-central-1", dynamodb_endpoint=self.url, **more)


@pytest.fixture
def service() -> Iterator[Service]:
    played = Service()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            played.requests.append(({name.lower(): value for name, value in self.headers.items()}, json.loads(body)))
            line = played.script.pop(0)
            if line is None:
                self.close_connection = True
                return
            status, answer = line
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Logs nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        played.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield played
        server.shutdown()
        thread.join()


def test_a_call_is_a_post_that_names_its_operation_and_is_signed(service: Service) -> None:
    service.script = [(200, b'{"Item": {}}')]

    answer = service.aws(access_key="AKIDEXAMPLE", secret_key="s", session_token="t").dynamodb().call("GetItem", Key={})

    ((headers, body),) = service.requests
    assert (answer, body) == ({"Item": {}}, {"Key": {}})
    assert headers["x-amz-target"] == "DynamoDB_20120810.GetItem"
    assert headers["content-type"] == "application/x-amz-json-1.0"
    assert headers["x-amz-security-token"] == "t"
    scheme, credential, signed, signature = headers["authorization"].split(" ")
    assert scheme == "AWS4-HMAC-SHA256"
    assert credential.startswith("Credential=AKIDEXAMPLE/")
    assert credential.endswith("/eu-central-1/dynamodb/aws4_request,")
    assert {"host", "x-amz-date", "x-amz-target"} <= set(signed.removeprefix("SignedHeaders=").rstrip(",").split(";"))
    assert len(signature.removeprefix("Signature=")) == 64


def test_where_nobody_checks_signatures_there_is_none(service: Service) -> None:
    service.script = [(200, b"{}")]

    service.aws(signs=False).dynamodb().call("ListTables")

    assert "authorization" not in service.requests[0][0]


@pytest.mark.parametrize(
    "trouble",
    [None, (500, b'{"__type":"InternalServerError"}'), (503, b"<html>"), (400, b'{"__type":"x#ThrottlingException"}')],
)
def test_what_passes_is_asked_again_twice_in_the_same_words(
    service: Service, trouble: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_protocol.random, "uniform", lambda shortest, longest: 0)
    api = service.aws(signs=False).dynamodb()
    service.script = [trouble, (200, b"{}")]
    assert api.call("TransactWriteItems", ClientRequestToken="one") == {}
    assert service.requests[0][1] == service.requests[1][1]

    service.script = [trouble, trouble, trouble, (200, b"{}")]
    with pytest.raises(AwsUnavailable):
        api.call("TransactWriteItems", ClientRequestToken="two")
    assert len(service.script) == 1


def test_a_refusal_is_told_and_not_asked_again(service: Service) -> None:
    cancelled = {"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", "message": "no"}
    service.script = [(400, json.dumps({**cancelled, "CancellationReasons": [{"Code": "None"}]}).encode())]

    with pytest.raises(AwsError, match="TransactionCanceledException: no") as refused:
        service.aws(signs=False).dynamodb().call("TransactWriteItems")

    assert refused.value.response["CancellationReasons"] == [{"Code": "None"}]


def test_a_refusal_by_what_stands_before_the_service_says_what_it_said(service: Service) -> None:
    service.script = [(403, b"<html>who are you?</html>")]

    with pytest.raises(AwsError, match="403: <html>who are you"):
        service.aws(signs=False).dynamodb().call("GetItem")


def test_nobody_there_is_no_answer() -> None:
    with pytest.raises(AwsUnavailable):
        AwsJsonClient("DynamoDB_20120810", pooled(f"http://127.0.0.1:{free_port()}", unsigned)).call("GetItem")
