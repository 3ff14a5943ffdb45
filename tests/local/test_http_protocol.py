"""HTTP as the gateway speaks it over real sockets: trailers, upgrades, limits, clients that leave or are slow."""

from __future__ import annotations

import asyncio
import json
import logging
import queue
import socket
from http.client import parse_headers

import pytest
from uvicorn.server import ServerState

from api import security
from local.gateway.app import Gateway, access_log
from local.gateway.tokens import Authorizer, PublishedKeys
from local.http_server import http_protocol
from local.http_server.asgi_server import BufferedHttpProtocol, server_config
from tests.local.serving import serve
from tests.local.tokens import CLIENT, ISSUER, Pool

POOL = Pool()


@pytest.fixture(scope="module")
def events():
    """The events of the functions that were called."""
    return []


@pytest.fixture(scope="module")
def address(events):
    def invoke(name, event):
        events.append(event)
        return {"statusCode": 200, "headers": {}, "body": event.get("body", "")}

    app = Gateway(invoke, Authorizer(PublishedKeys(POOL.keys), ISSUER, [CLIENT]))
    with serve(server_config(app, 0, log_level="critical", lifespan="on")) as address:
        yield address


class Client:
    """A connection whose requests are sent as they are."""

    def __init__(self, connection):
        self.sendall = connection.sendall
        self.responses = connection.makefile("rb")


@pytest.fixture
def client(address, events):
    events.clear()
    with socket.create_connection(address, timeout=20) as connection:
        client = Client(connection)
        with client.responses:
            yield client


def read_response(client):
    """The next response of the connection: its status, headers and body."""
    status = int(client.responses.readline().split()[1])
    headers = {name.lower(): value for name, value in parse_headers(client.responses).items()}
    return status, headers, client.responses.read(int(headers["content-length"]))


def problem_of(client):
    """The status and type of a problem, after which the connection is closed."""
    status, headers, body = read_response(client)
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"
    assert {name.lower(): value for name, value in security.HEADERS.items()}.items() <= headers.items()
    document = json.loads(body)
    assert document["status"] == status
    assert client.responses.read() == b""
    return status, document["type"].removeprefix("/problems/")


def head(*lines, method="POST", path="/api/webhooks/carrier"):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""]).encode()


def test_trailers_are_no_headers(client, events):
    token = f"Authorization: Bearer {POOL.access_token()}\r\nIdempotency-Key: key".encode()
    chunked = ("Transfer-Encoding: chunked", "Trailer: Authorization", "Content-Type: application/json")
    client.sendall(head(*chunked) + b"2\r\n{}\r\n0\r\n" + token + b"\r\n\r\n")
    assert read_response(client)[0] == 200
    client.sendall(head(*chunked, path="/api/orders") + b"2\r\n{}\r\n0\r\n" + token + b"\r\n\r\n")
    assert read_response(client)[0] == 401
    (event,) = events
    assert event["body"] == "{}"
    assert not {"authorization", "idempotency-key"} & event["headers"].keys()


@pytest.mark.parametrize("upgrade", ["h2c", "TLS/1.2"])
def test_an_upgrade_is_ignored_and_its_body_is_read(client, upgrade):
    for lines, body in (("Content-Length: 5", b"first"), ("Transfer-Encoding: chunked", b"5\r\nfirst\r\n0\r\n\r\n")):
        headers = ("Connection: Upgrade", f"Upgrade: {upgrade}", "Content-Type: text/plain")
        client.sendall(head(*headers, lines) + body + head("Content-Length: 0", "Content-Type: text/plain"))
        status, _, text = read_response(client)
        assert (status, text) == (200, b"first")
        assert read_response(client)[::2] == (200, b"")


def test_a_body_of_an_upgrade_is_no_request(client, events):
    smuggled = head(method="GET", path="/api/health")
    lines = ("Connection: Upgrade", "Upgrade: h2c", f"Content-Length: {len(smuggled)}", "Content-Type: text/plain")
    client.sendall(head(*lines) + smuggled)
    assert read_response(client)[2] == smuggled
    client.sendall(head(method="GET", path="/api/docs"))
    read_response(client)
    assert [event["rawPath"] for event in events] == ["/api/webhooks/carrier", "/api/docs"]


def test_a_web_socket_is_refused_with_a_problem(client, events):
    key = ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
    client.sendall(head("Connection: Upgrade", "Upgrade: websocket", *key, method="GET", path="/api/health"))
    status, headers, body = read_response(client)
    assert (status, headers["content-type"]) == (400, "application/problem+json")
    assert (json.loads(body)["type"], events) == ("/problems/no-websockets", [])


MALFORMED = {
    "no HTTP": b"hello\r\n\r\n",
    "another version": b"GET / HTTP/9.9\r\n\r\n",
    "a space in a name": head("Some Name: x"),
    "a control character": head("X: a\x00b"),
    "two lengths": head("Content-Length: 1", "Content-Length: 2"),
    "a length and chunks": head("Content-Length: 1", "Transfer-Encoding: chunked"),
    "an unknown coding": head("Transfer-Encoding: gzip"),
    "a path that is no ASCII": b"GET /\xff HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "no path": head(method="GET", path="nowhere"),
    "a tunnel": head(method="CONNECT", path="127.0.0.1:80"),
    "a chunk without length": head("Transfer-Encoding: chunked") + b"x\r\n",
}


@pytest.mark.parametrize("request_bytes", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_request_is_refused_with_a_problem(client, events, request_bytes):
    client.sendall(request_bytes)
    assert problem_of(client) == (400, "malformed-request")
    assert events == []


def test_a_long_path_is_refused_with_a_problem(client):
    client.sendall(head(method="GET", path="/" + "x" * http_protocol.MOST_TARGET_BYTES))
    assert problem_of(client) == (414, "uri-too-long")


@pytest.mark.parametrize("lines", [["X: " + "y" * 70_000], ["X: y"] * 40_000], ids=["one", "many"])
def test_large_headers_are_refused_with_a_problem(client, lines):
    client.sendall(head(*lines))
    assert problem_of(client) == (431, "headers-too-large")


def test_large_trailers_are_refused(client):
    client.sendall(head("Transfer-Encoding: chunked") + b"0\r\nX: " + b"y" * 400_000)
    assert problem_of(client) == (431, "headers-too-large")


def test_headers_over_the_gateway_s_own_limit_are_refused_with_a_problem(client):
    client.sendall(head("X: " + "y" * 11_000, method="GET"))
    assert read_response(client)[0] == 431


def test_a_malformed_request_doesn_t_take_the_place_of_the_response_before_it(client):
    client.sendall(head("Content-Length: 5", "Content-Type: text/plain") + b"first" + b"nonsense\r\n\r\n")
    assert read_response(client)[::2] == (200, b"first")
    assert client.responses.read() == b""


class AccessLog(logging.Handler):
    """The gateway's access log."""

    def __init__(self):
        super().__init__()
        self.entries = queue.Queue()

    def emit(self, record):
        self.entries.put(json.loads(record.getMessage()))


@pytest.fixture
def access_entries():
    handler = AccessLog()
    access_log.addHandler(handler)
    access_log.setLevel(logging.INFO)
    yield handler.entries
    access_log.removeHandler(handler)
    access_log.setLevel(logging.NOTSET)


def test_a_client_that_leaves_is_no_defect(address, events, access_entries, caplog):
    events.clear()
    with socket.create_connection(address) as client:
        client.sendall(head("Content-Length: 100") + b"some")
    assert access_entries.get(timeout=20)["status"] == 499
    assert ([record for record in caplog.records if record.levelno >= logging.ERROR], events) == ([], [])


class Timers:
    """The event loop of a connection, with a clock that the test moves."""

    def __init__(self, loop):
        self._loop, self.now, self.timers = loop, 0.0, []

    def call_later(self, seconds, callback):
        timer = Timer(self.now + seconds, callback)
        self.timers.append(timer)
        return timer

    def advance(self, seconds):
        self.now += seconds
        for timer in [timer for timer in self.timers if timer.at <= self.now]:
            self.timers.remove(timer)
            timer.run()

    def __getattr__(self, name):
        return getattr(self._loop, name)


class Timer:
    def __init__(self, at, callback):
        self.at, self._callback, self._is_cancelled = at, callback, False

    def cancel(self):
        self._is_cancelled = True

    def run(self):
        if not self._is_cancelled:
            self._callback()


class Transport:
    """Records what is written."""

    def __init__(self):
        self.written, self.is_closed = b"", False

    def write(self, data):
        self.written += data

    def write_eof(self):
        self.written += b"<eof>"

    def close(self):
        self.is_closed = True

    abort = close

    def is_closing(self):
        return self.is_closed

    def get_extra_info(self, name):
        return None

    def pause_reading(self):
        pass

    resume_reading = pause_reading


class Connection:
    """A connection to an app that answers with the body, unless ``responds`` is unset."""

    def __init__(self):
        self.responds = asyncio.Event()
        self.responds.set()
        self.timers, self.transport = Timers(asyncio.get_running_loop()), Transport()
        config = server_config(self.app, 0, log_level="critical", interface="asgi3")
        config.load()
        self.protocol = BufferedHttpProtocol(config, ServerState(), {}, _loop=self.timers)
        self.protocol.connection_made(self.transport)

    async def app(self, scope, receive, send):
        await self.responds.wait()
        body, message = b"", {"more_body": True}
        while message.get("more_body"):
            message = await receive()
            body += message.get("body", b"")
        if message["type"] == "http.request":
            await send(
                {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]}
            )
            await send({"type": "http.response.body", "body": body})

    async def receive(self, data):
        self.protocol.data_received(data)
        await self.settle()

    async def settle(self):
        for _ in range(10):
            await asyncio.sleep(0)

    async def advance(self, seconds):
        self.timers.advance(seconds)
        await self.settle()

    @property
    def status(self):
        """The status of the response, None without one."""
        return int(self.transport.written.split()[1]) if self.transport.written else None


def connected(scenario):
    async def run():
        await scenario(Connection())

    return lambda: asyncio.run(run())


@connected
async def test_headers_that_trickle_in_time_out(connection):
    await connection.receive(b"GET / HTTP/1.1\r\n")
    for _ in range(http_protocol.HEAD_SECONDS - 1):
        await connection.receive(b"X: y\r\n")
        await connection.advance(1)
    assert connection.status is None
    await connection.advance(1)
    assert (connection.status, connection.transport.written.endswith(b"<eof>")) == (408, True)
    await connection.advance(http_protocol.LINGER_SECONDS)
    assert connection.transport.is_closed


@connected
async def test_a_body_that_trickles_in_times_out(connection):
    await connection.receive(b"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(http_protocol.BODY_SECONDS - 1):
        await connection.receive(b"x")
        await connection.advance(1)
    assert connection.status is None
    await connection.advance(1)
    assert connection.status == 408


@connected
async def test_a_connection_without_a_request_is_closed(connection):
    await connection.advance(http_protocol.HEAD_SECONDS)
    assert (connection.status, connection.transport.is_closed) == (None, True)


@connected
async def test_each_request_of_a_connection_has_its_own_time(connection):
    for _ in range(3):
        await connection.receive(b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n")
        await connection.advance(http_protocol.BODY_SECONDS - 1)
        await connection.receive(b"x")
    assert connection.transport.written.count(b"HTTP/1.1 200 OK") == 3
    assert not connection.transport.is_closed


@connected
async def test_an_app_that_is_slow_is_no_slow_client(connection):
    connection.responds.clear()
    await connection.receive(b"POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + b"x" * 70_000)
    await connection.advance(2 * http_protocol.BODY_SECONDS)
    assert connection.status is None
    connection.responds.set()
    await connection.settle()
    await connection.receive(b"x" * 30_000)
    assert connection.status == 200


@connected
async def test_a_refused_client_may_not_send_for_ever(connection):
    await connection.receive(b"nonsense\r\n\r\n")
    await connection.receive(b"x" * http_protocol.LINGER_BYTES)
    assert not connection.transport.is_closed
    await connection.receive(b"x")
    assert connection.transport.is_closed
