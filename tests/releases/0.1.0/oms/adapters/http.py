"""An HTTP client for the adapters: a pool of keep-alive connections that all threads share.

A call is one write and usually one read, and uvicorn's parser, in C, reads the response: a fifth of the work of a call
through urllib3, which exceeded all other work of a task. The client doesn't retry, follows no redirects, and ignores
the environment's proxies.
"""

from __future__ import annotations

import select
import socket
import struct
import time
import weakref
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from httptools import HttpParserError, HttpResponseParser

if TYPE_CHECKING:
    from ssl import SSLContext

READ_BYTES = 65536
MIN_TIMEOUT_SECONDS = 0.001
"""A timeout of zero would mean to wait for ever."""
PORTS = {"http": 80, "https": 443}


class NoResponse(Exception):
    """No connection, a timeout, or an incomplete response. The call may have had its effect."""


@dataclass(frozen=True, slots=True)
class ClientResponse:
    status: int
    headers: Mapping[str, str]
    """By name, in lower case."""
    body: bytes


class HttpClient:
    """A client of one server.

    Args:
        url: the server's scheme, host and port; its path is a prefix of each call's target. See ``server_of``.
        connect_seconds: how long connecting may take.
        seconds: how long a call may take, from connecting to the end of the response.
    """

    def __init__(self, url: str, connect_seconds: float, seconds: float) -> None:
        self._server = server_of(url)
        self._connect_seconds, self._seconds = min(connect_seconds, seconds), seconds
        self._idle: deque[_Connection] = deque()
        """The one used last comes last: it is the most likely to be open still."""
        weakref.finalize(self, _close, self._idle)

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> ClientResponse:
        """``target`` is the path, quoted, with the query. Raises ``NoResponse``."""
        request = _serialized(method, self._server.path + target, self._server.netloc, headers, body)
        deadline = time.monotonic() + self._seconds
        try:
            connection = self._connection()
            response, is_reusable = connection.send(request, deadline)
        except OSError as error:  # TLS errors and timeouts too
            self.close()  # if one connection died unnoticed, as behind a NAT gateway, the idle ones did too
            raise NoResponse(f"{method} {self._server.geturl()}{target}: {error or type(error).__name__}") from error
        if is_reusable:
            self._idle.append(connection)
        else:
            connection.close()
        return response

    def close(self) -> None:
        """Close the idle connections. A later call opens new ones."""
        _close(self._idle)

    def _connection(self) -> _Connection:
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                sock = _socket(self._server, self._connect_seconds)
                return _Connection(sock, self._seconds, self._server.scheme == "https")
            if connection.is_quiet():
                return connection
            connection.close()


def server_of(url: str) -> SplitResult:
    """The server in normal form: scheme and host in lower case, no default port, no slash at the end.

    The ``Host`` that is sent comes from it, so a signature must too. Raises ``ValueError``, never with user info.
    """
    if "@" in url:
        raise ValueError("the URL of a server has user info, or another @: remove it, no password is sent")
    server = urlsplit(url)
    if server.scheme not in PORTS or not server.hostname:
        raise ValueError(f"{url!r} isn't the URL of a server: it has to begin with http:// or https://, and a host")
    if server.query or server.fragment:
        raise ValueError(f"{url!r} isn't the URL of a server: it has a query or a fragment")
    host = f"[{server.hostname}]" if ":" in server.hostname else server.hostname
    port = "" if server.port in (None, PORTS[server.scheme]) else f":{server.port}"
    return SplitResult(server.scheme, host + port, server.path.rstrip("/"), "", "")


class _Connection:
    def __init__(self, sock: socket.socket, seconds: float, is_tls: bool) -> None:
        self._socket, self._seconds, self._is_tls = sock, seconds, is_tls
        self._set_timeout(seconds)
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)

    def is_quiet(self) -> bool:
        """False if the server has closed the connection, or sends something without a request."""
        return not self._poll.poll(0)

    def send(self, request: bytes, deadline: float) -> tuple[ClientResponse, bool]:
        """The response, and whether the connection can be reused. Closes it before raising ``OSError``."""
        reader = _ResponseReader()
        try:
            self._socket.sendall(request)
            reader.feed(self._socket.recv(READ_BYTES))
            if not reader.is_done:
                self._read_rest(reader, deadline)
        except BlockingIOError:
            self.close()
            raise TimeoutError("timed out") from None
        except BaseException:
            self.close()
            raise
        return reader.response(), reader.keeps_alive

    def _read_rest(self, reader: _ResponseReader, deadline: float) -> None:
        while not reader.is_done:
            self._set_timeout(deadline - time.monotonic())
            reader.feed(self._socket.recv(READ_BYTES))
        self._set_timeout(self._seconds)

    def _set_timeout(self, seconds: float) -> None:
        """Set how long a read or a write may take from now on."""
        seconds = max(seconds, MIN_TIMEOUT_SECONDS)
        if self._is_tls:
            self._socket.settimeout(seconds)
            return
        # The kernel enforces this timeout. Python's own would poll before each read and each write, and release the
        # interpreter's lock each time.
        limit = struct.pack("ll", *divmod(round(seconds * 1_000_000), 1_000_000))
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self._socket.setsockopt(socket.SOL_SOCKET, option, limit)

    def close(self) -> None:
        self._socket.close()


def _close(connections: deque[_Connection]) -> None:
    while connections:
        connections.pop().close()


class _ResponseReader:
    """Collects a response from the parser, which calls the methods that begin with ``on``."""

    def __init__(self) -> None:
        self.parser = HttpResponseParser(self)
        self.headers: dict[str, str] = {}
        self.parts: list[bytes] = []
        self.has_headers = self.is_done = self.keeps_alive = False

    def feed(self, data: bytes) -> None:
        if not data:
            self._finish_at_end_of_stream()
            return
        try:
            self.parser.feed_data(data)
        except HttpParserError as error:
            raise ConnectionError(f"this is no HTTP: {error}") from error

    def _finish_at_end_of_stream(self) -> None:
        """A closed connection ends a body of undeclared length; otherwise the response is incomplete."""
        if not self.has_headers or {"content-length", "transfer-encoding"} & self.headers.keys():
            raise ConnectionResetError("it hung up before it had answered")
        self.is_done = True

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.has_headers = True

    def on_body(self, part: bytes) -> None:
        self.parts.append(part)

    def on_message_complete(self) -> None:
        if self.parser.get_status_code() < 200:  # an interim response: the final one follows
            self.headers.clear()
            self.has_headers = False
            return
        self.is_done, self.keeps_alive = True, self.parser.should_keep_alive()

    def response(self) -> ClientResponse:
        return ClientResponse(self.parser.get_status_code(), self.headers, b"".join(self.parts))


def _serialized(method: str, target: str, host: str, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [f"{method} {target or '/'} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items() if name.lower() not in ("host", "content-length")]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError(f"{method} {target}: a line of a request can't be broken")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _socket(server: SplitResult, connect_seconds: float) -> socket.socket:
    assert server.hostname  # server_of has checked it
    sock = socket.create_connection((server.hostname, server.port or PORTS[server.scheme]), connect_seconds)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if server.scheme == "https":
            sock = _tls().wrap_socket(sock, server_hostname=server.hostname)
        sock.settimeout(None)
    except BaseException:
        sock.close()
        raise
    return sock


@cache
def _tls() -> SSLContext:
    """Trusts the system's certificates, or those of ``SSL_CERT_FILE``."""
    import ssl

    return ssl.create_default_context()
