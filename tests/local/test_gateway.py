"""The gateway: what reaches a function, what is refused before it, and how it looks to a client."""

import base64
import contextlib
import json
import socket
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, field

import pytest
import uvicorn

from local.gateway.app import Gateway
from local.gateway.tokens import Authorizer, PublishedKeys
from oms.declarations.limits import GATEWAY_BODY_BYTES
from tests.local.tokens import CLIENT, ISSUER, SCOPE, Pool

POOL = Pool()


@dataclass
class Function:
    """Stands for every function: remembers what it was called with, and answers what it is told to."""

    answer: object = field(default_factory=lambda: {"statusCode": 200, "headers": {}, "body": "{}"})
    calls: list = field(default_factory=list)

    def __call__(self, name, event):
        self.calls.append((name, event))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    @property
    def event(self):
        ((_, event),) = self.calls
        return event


@contextlib.contextmanager
def serving(app):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_level="critical", lifespan="on")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def gateway():
    app = Gateway(Function(), Authorizer(PublishedKeys(POOL.keys), ISSUER, [CLIENT]))
    with serving(app) as url:
        yield app, url


@pytest.fixture
def function(gateway):
    app, _ = gateway
    app._invoke = Function()
    return app._invoke


@pytest.fixture
def ask(gateway, function):
    def ask(method, path, body=None, token=None, **headers):
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(gateway[1] + path, body, {**sent, **headers}, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.headers, refused.read()

    return ask


def test_a_function_gets_an_event_of_payload_format_2(ask, function):
    token = POOL.access_token("anna", **{"cognito:groups": ["shoppers", "operators"], "email_verified": True})
    ask(
        "POST",
        "/orders/ord_1/returns?a=1&b=x%20y&a=2",
        '{"name": "Þóra"}'.encode(),
        token,
        **{"Content-Type": "application/json", "Idempotency-Key": "key-1", "Cookie": "a=1; b=2"},
    )
    ((name, event),) = function.calls
    assert name == "Orders"
    assert event["version"] == "2.0"
    assert event["routeKey"] == event["requestContext"]["routeKey"] == "POST /orders/{order_id}/returns"
    assert event["rawPath"] == "/orders/ord_1/returns"
    assert event["pathParameters"] == {"order_id": "ord_1"}
    assert event["rawQueryString"] == "a=1&b=x%20y&a=2"
    assert event["queryStringParameters"] == {"a": "1,2", "b": "x y"}
    assert event["headers"]["idempotency-key"] == "key-1"
    assert (event["body"], event["isBase64Encoded"]) == ('{"name": "Þóra"}', False)
    assert event["cookies"] == ["a=1", "b=2"]
    jwt = event["requestContext"]["authorizer"]["jwt"]
    claims, scopes = jwt["claims"], jwt["scopes"]
    assert scopes == [SCOPE]
    assert claims["cognito:groups"] == "[shoppers operators]"
    assert claims["email_verified"] == "true"
    assert claims["exp"].isdigit()
    http = event["requestContext"]["http"]
    assert (http["method"], http["path"], http["sourceIp"]) == ("POST", "/orders/ord_1/returns", "127.0.0.1")


def test_a_body_that_is_no_text_comes_in_base64(ask, function):
    ask("POST", "/webhooks/carrier", b"\xff\x00", **{"Content-Type": "application/octet-stream"})
    assert function.event["isBase64Encoded"] is True
    assert base64.b64decode(function.event["body"]) == b"\xff\x00"


def test_a_request_without_body_or_query_has_neither(ask, function):
    ask("GET", "/health")
    assert not {"body", "queryStringParameters", "pathParameters", "cookies"} & set(function.event)
    assert "authorizer" not in function.event["requestContext"]


def test_an_answer_passes_as_it_is(ask, function):
    function.answer = {"statusCode": 202, "headers": {"Location": "/orders/1", "Content-Type": "a/b"}, "body": "þ"}
    status, headers, body = ask("GET", "/health")
    assert (status, headers["location"], headers["content-type"], body.decode()) == (202, "/orders/1", "a/b", "þ")


def test_an_answer_in_base64_is_decoded_and_cookies_are_set(ask, function):
    encoded = base64.b64encode(b"\xff\x00").decode()
    function.answer = {"statusCode": 200, "body": encoded, "isBase64Encoded": True, "cookies": ["a=1", "b=2"]}
    _, headers, body = ask("GET", "/health")
    assert (body, headers.get_all("set-cookie")) == (b"\xff\x00", ["a=1", "b=2"])


def test_an_answer_without_a_status_is_the_body_of_a_200(ask, function):
    function.answer = {"status": "ok"}
    status, headers, body = ask("GET", "/health")
    assert (status, headers["content-type"], json.loads(body)) == (200, "application/json", {"status": "ok"})


@pytest.mark.parametrize("token", [None, POOL.access_token(exp=1), Pool().access_token()])
@pytest.mark.parametrize("path", ["/orders", "/orders/ord_1", "/inventory/TEA"])
def test_without_a_good_token_nothing_is_reached(ask, function, path, token):
    status, headers, body = ask("GET", path, token=token)
    problem = json.loads(body)
    assert (status, problem["type"], problem["message"]) == (401, "/problems/unauthorized", "Unauthorized")
    assert headers["www-authenticate"].startswith("Bearer")
    assert headers["content-type"] == "application/problem+json"
    assert not function.calls


@pytest.mark.parametrize("path", ["/health", "/products?department=HOME", "/products/TEA"])
def test_an_open_route_needs_none(ask, function, path):
    assert ask("GET", path)[0] == 200
    assert "authorizer" not in function.event["requestContext"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("DELETE", "/orders"), ("GET", "/orders/1/2/3")])
def test_what_the_contract_has_not_is_not_found(ask, function, method, path):
    status, _, body = ask(method, path, token=POOL.access_token())
    assert (status, json.loads(body)["type"], json.loads(body)["message"]) == (
        404,
        "/problems/no-such-route",
        "Not Found",
    )
    assert not function.calls


def test_a_body_of_more_than_10_mb_reaches_nothing(ask, function):
    status, _, body = ask("POST", "/orders", b" " * (GATEWAY_BODY_BYTES + 1), POOL.access_token())
    problem = json.loads(body)
    assert (status, problem["type"], problem["message"]) == (
        413,
        "/problems/body-too-large",
        "Request Entity Too Large",
    )
    assert not function.calls


def test_a_body_of_10_mb_reaches_the_function(ask, function):
    assert (
        ask("POST", "/orders", b" " * GATEWAY_BODY_BYTES, POOL.access_token(), **{"Content-Type": "text/plain"})[0]
        == 200
    )
    assert len(function.event["body"]) == GATEWAY_BODY_BYTES


def raw(gateway, *parts):
    """What the gateway says to these bytes, at first."""
    host, port = gateway[1].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as client:
        for part in parts:
            client.sendall(part)
        return client.recv(1000)


def test_a_body_in_chunks_is_measured_as_it_comes(gateway, function):
    head = b"POST /orders HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n"
    megabyte = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    assert raw(gateway, head, megabyte * 11, b"0\r\n\r\n").startswith(b"HTTP/1.1 413")
    assert not function.calls


def test_a_client_that_asks_first_is_spared_the_sending(gateway, function):
    head = b"POST /orders HTTP/1.1\r\nHost: shop\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n"
    assert raw(gateway, head).startswith(b"HTTP/1.1 413")
    assert not function.calls


def test_a_function_that_raises_is_a_500_without_its_word(ask, function):
    function.answer = ValueError("the shop's inside")
    status, _, body = ask("GET", "/health")
    assert (status, json.loads(body)["message"]) == (500, "Internal Server Error")
    assert b"inside" not in body


def test_functions_run_side_by_side(ask, function, gateway):
    together = threading.Barrier(4, timeout=10)
    app, _ = gateway
    app._invoke = lambda name, event: {"statusCode": 200, "body": str(together.wait())}
    threads = [threading.Thread(target=ask, args=("GET", "/health")) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert ask("GET", "/health")[0] == 200
    for thread in threads:
        thread.join()
