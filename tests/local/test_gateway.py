"""The gateway: the events that functions get, the requests that it refuses, and the responses to clients."""

import base64
import json
import socket
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, field

import pytest

from local.gateway.app import Gateway
from local.gateway.tokens import Authorizer, PublishedKeys
from local.http_server.asgi_server import server_config
from oms.declarations.limits import GATEWAY_BODY_BYTES
from tests.local.serving import serve
from tests.local.tokens import CLIENT, ISSUER, SCOPE, Pool

POOL = Pool()


@dataclass
class Function:
    """Stands for every function: records its calls, and returns ``answer`` or raises it."""

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


@pytest.fixture(scope="module")
def gateway():
    app = Gateway(Function(), Authorizer(PublishedKeys(POOL.keys), ISSUER, [CLIENT]))
    with serve(server_config(app, 0, log_level="critical", lifespan="on")) as (host, port):
        yield app, f"http://{host}:{port}"


@pytest.fixture
def function(gateway):
    app, _ = gateway
    app._invoke = Function()
    return app._invoke


@pytest.fixture
def ask(gateway, function):
    def ask(method, path, body=None, token=None, **headers):
        authorization = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(gateway[1] + path, body, {**authorization, **headers}, method=method)
        try:
            with urllib.request.urlopen(request) as response:
                return response.status, response.headers, response.read()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.headers, refused.read()

    return ask


def test_a_function_gets_an_event_of_payload_format_2(ask, function):
    token = POOL.access_token("anna", **{"cognito:groups": ["shoppers", "operators"], "email_verified": True})
    ask(
        "POST",
        "/api/orders/ord_1/returns?a=1&b=x%20y&a=2",
        '{"name": "Þóra"}'.encode(),
        token,
        **{"Content-Type": "application/json", "Idempotency-Key": "key-1", "Cookie": "a=1; b=2"},
    )
    ((name, event),) = function.calls
    assert name == "Orders"
    assert event["version"] == "2.0"
    assert event["routeKey"] == event["requestContext"]["routeKey"] == "POST /api/orders/{order_id}/returns"
    assert event["rawPath"] == "/api/orders/ord_1/returns"
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
    assert (http["method"], http["path"], http["sourceIp"]) == ("POST", "/api/orders/ord_1/returns", "127.0.0.1")


def test_a_binary_body_comes_in_base64(ask, function):
    ask("POST", "/api/webhooks/carrier", b"\xff\x00", **{"Content-Type": "application/octet-stream"})
    assert function.event["isBase64Encoded"] is True
    assert base64.b64decode(function.event["body"]) == b"\xff\x00"


def test_a_request_without_body_or_query_has_neither(ask, function):
    ask("GET", "/api/health")
    assert not {"body", "queryStringParameters", "pathParameters", "cookies"} & set(function.event)
    assert "authorizer" not in function.event["requestContext"]


def test_a_response_passes_unchanged(ask, function):
    function.answer = {"statusCode": 202, "headers": {"Location": "/api/orders/1", "Content-Type": "a/b"}, "body": "þ"}
    status, headers, body = ask("GET", "/api/health")
    assert (status, headers["location"], headers["content-type"], body.decode()) == (202, "/api/orders/1", "a/b", "þ")


def test_a_base64_response_is_decoded_and_cookies_are_set(ask, function):
    encoded = base64.b64encode(b"\xff\x00").decode()
    function.answer = {"statusCode": 200, "body": encoded, "isBase64Encoded": True, "cookies": ["a=1", "b=2"]}
    _, headers, body = ask("GET", "/api/health")
    assert (body, headers.get_all("set-cookie")) == (b"\xff\x00", ["a=1", "b=2"])


def test_a_result_without_a_status_is_the_body_of_a_200(ask, function):
    function.answer = {"status": "ok"}
    status, headers, body = ask("GET", "/api/health")
    assert (status, headers["content-type"], json.loads(body)) == (200, "application/json", {"status": "ok"})


@pytest.mark.parametrize("token", [None, POOL.access_token(exp=1), Pool().access_token()])
@pytest.mark.parametrize("path", ["/api/orders", "/api/orders/ord_1", "/api/inventory/TEA"])
def test_without_a_valid_token_no_function_is_called(ask, function, path, token):
    status, headers, body = ask("GET", path, token=token)
    problem = json.loads(body)
    assert (status, problem["type"], problem["message"]) == (401, "/problems/unauthorized", "Unauthorized")
    assert headers["www-authenticate"].startswith("Bearer")
    assert headers["content-type"] == "application/problem+json"
    assert not function.calls


@pytest.mark.parametrize("path", ["/api/health", "/api/products?department=HOME", "/api/products/TEA"])
def test_an_open_route_needs_no_token(ask, function, path):
    assert ask("GET", path)[0] == 200
    assert "authorizer" not in function.event["requestContext"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/nowhere"),
        ("DELETE", "/api/orders"),
        ("GET", "/api/orders/1/2/3"),
        ("GET", "/health"),
        ("GET", "/api/api/health"),
        ("GET", "/"),
        ("GET", "/api"),
    ],
)
def test_a_path_that_the_contract_lacks_is_not_found(ask, function, method, path):
    status, _, body = ask(method, path, token=POOL.access_token())
    assert (status, json.loads(body)["type"], json.loads(body)["message"]) == (
        404,
        "/problems/no-such-route",
        "Not Found",
    )
    assert not function.calls


def test_a_body_over_10_mb_is_refused(ask, function):
    status, _, body = ask("POST", "/api/orders", b" " * (GATEWAY_BODY_BYTES + 1), POOL.access_token())
    problem = json.loads(body)
    assert (status, problem["type"], problem["message"]) == (
        413,
        "/problems/body-too-large",
        "Request Entity Too Large",
    )
    assert not function.calls


def test_a_body_of_10_mb_reaches_the_function(ask, function):
    assert (
        ask("POST", "/api/orders", b" " * GATEWAY_BODY_BYTES, POOL.access_token(), **{"Content-Type": "text/plain"})[0]
        == 200
    )
    assert len(function.event["body"]) == GATEWAY_BODY_BYTES


def send_raw(gateway, *parts):
    """The beginning of the gateway's response to these bytes."""
    host, port = gateway[1].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as client:
        for part in parts:
            client.sendall(part)
        return client.recv(1000)


def test_a_chunked_body_is_measured_as_it_arrives(gateway, function):
    head = b"POST /api/orders HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n"
    megabyte = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    assert send_raw(gateway, head, megabyte * 11, b"0\r\n\r\n").startswith(b"HTTP/1.1 413")
    assert not function.calls


def test_a_client_that_expects_100_continue_is_refused_before_it_sends(gateway, function):
    head = b"POST /api/orders HTTP/1.1\r\nHost: shop\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n"
    assert send_raw(gateway, head).startswith(b"HTTP/1.1 413")
    assert not function.calls


def test_without_the_pool_s_keys_a_request_is_a_503(gateway, function, ask, monkeypatch):
    app, _ = gateway
    keys = PublishedKeys(lambda: raise_error(ConnectionRefusedError("http://127.0.0.1:4567 refused")))
    monkeypatch.setattr(app, "_authorizer", Authorizer(keys, ISSUER, [CLIENT]))
    status, headers, body = ask("GET", "/api/orders", token=POOL.access_token())
    problem = json.loads(body)
    assert (status, problem["type"], problem["message"]) == (503, "/problems/keys-unavailable", "Service Unavailable")
    assert (headers["retry-after"], b"127.0.0.1" in body, function.calls) == ("10", False, [])


def raise_error(error):
    raise error


def test_functions_that_use_nothing_outside_don_t_wait_for_those_that_do(ask, gateway):
    release, app = threading.Event(), gateway[0]
    app._invoke = lambda name, event: {"statusCode": 200, "body": str(name != "api.products" or release.wait(20))}
    threads = [threading.Thread(target=ask, args=("GET", "/api/products/TEA")) for _ in range(40)]
    for thread in threads:
        thread.start()
    try:
        assert [ask("GET", f"/api/{path}")[0] for path in ("health", "docs")] == [200, 200]
    finally:
        release.set()
        for thread in threads:
            thread.join()


def test_an_exception_is_a_500_without_its_message(ask, function):
    function.answer = ValueError("the shop's inside")
    status, _, body = ask("GET", "/api/health")
    assert (status, json.loads(body)["message"]) == (500, "Internal Server Error")
    assert b"inside" not in body


def test_functions_run_concurrently(ask, function, gateway):
    together = threading.Barrier(4, timeout=10)
    app, _ = gateway
    app._invoke = lambda name, event: {"statusCode": 200, "body": str(together.wait())}
    threads = [threading.Thread(target=ask, args=("GET", "/api/health")) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert ask("GET", "/api/health")[0] == 200
    for thread in threads:
        thread.join()
