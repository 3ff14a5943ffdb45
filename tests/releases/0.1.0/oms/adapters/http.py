"""HTTP for the adapters: kept-alive connections that every thread shares, one call on each at a time.

A call is one write and, as a rule, one read, and the parser is the one in C that uvicorn has: a fifth of the work of a
call through urllib3, which was more than all that a task does otherwise. Nothing is asked twice, nothing is followed,
and a proxy of the environment is none of ours.
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

AT_ONCE = 65536
LEAST_SECONDS = 0.001
"""A timeout of nothing would mean to wait for ever."""
PORTS = {"http": 80, "https": 443}


class NoAnswer(Exception):
    """Nobody there, silence for too long, or half an answer: what the call did is unknown."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes


class Http:
    """What speaks to one server.

    Args:
        url: its scheme, host and port; a path in it stands before each call's own.
        connect_seconds: how long reaching it may take.
        seconds: how long a call may take, from reaching it to the end of its answer.
    """

    def __init__(self, url: str, connect_seconds: float, seconds: float) -> None:
        self._server = urlsplit(url.rstrip("/"))
        self._connect_seconds, self._seconds = min(connect_seconds, seconds), seconds
        self._idle: deque[_Connection] = deque()
        """The latest used last: it is the likeliest to be open still."""
        weakref.finalize(self, _close, self._idle)

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """``target`` is the path, quoted, with the query. Raises ``NoAnswer``."""
        request = _written(method, self._server.path + target, self._server.netloc, headers, body)
        deadline = time.monotonic() + self._seconds
        try:
            connection = self._open()
            answer, is_kept = connection.asked(request, deadline)
        except OSError as error:  # of which those of TLS are, and being too late
            self.close()  # where one went dead in silence, as behind a gateway that forgot it, the others did too
            raise NoAnswer(f"{method} {self._server.geturl()}{target}: {error or type(error).__name__}") from error
        if is_kept:
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    def close(self) -> None:
        """Close the connections that are kept alive; a later call opens new ones."""
        _close(self._idle)

    def _open(self) -> _Connection:
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                sock = _socket(self._server, self._connect_seconds)
                return _Connection(sock, self._seconds, self._server.scheme == "https")
            if connection.is_quiet():
                return connection
            connection.close()


class _Connection:
    def __init__(self, sock: socket.socket, seconds: float, is_tls: bool) -> None:
        self._socket, self._seconds, self._is_tls = sock, seconds, is_tls
        self._limit(seconds)
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)

    def is_quiet(self) -> bool:
        """False where the other side has hung up, or speaks unasked."""
        return not self._poll.poll(0)

    def asked(self, request: bytes, deadline: float) -> tuple[Answer, bool]:
        """The answer, and whether the connection is good for another. Raises ``OSError``, and is closed then."""
        reading = _Reading()
        try:
            self._socket.sendall(request)
            reading.feed(self._socket.recv(AT_ONCE))
            if not reading.is_done:
                self._read_on(reading, deadline)
        except BlockingIOError:
            self.close()
            raise TimeoutError("timed out") from None
        except BaseException:
            self.close()
            raise
        return reading.answer(), reading.keeps_alive

    def _read_on(self, reading: _Reading, deadline: float) -> None:
        while not reading.is_done:
            self._limit(deadline - time.monotonic())
            reading.feed(self._socket.recv(AT_ONCE))
        self._limit(self._seconds)

    def _limit(self, seconds: float) -> None:
        """How long a read or a write may take from now on."""
        seconds = max(seconds, LEAST_SECONDS)
        if self._is_tls:
            self._socket.settimeout(seconds)
            return
        # The system keeps the time by itself, where Python would ask it before each read and each write, and give up
        # the interpreter's lock each time.
        limit = struct.pack("ll", *divmod(round(seconds * 1_000_000), 1_000_000))
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self._socket.setsockopt(socket.SOL_SOCKET, option, limit)

    def close(self) -> None:
        self._socket.close()


def _close(connections: deque[_Connection]) -> None:
    while connections:
        connections.pop().close()


class _Reading:
    """An answer as it comes in. The parser calls what begins with ``on``."""

    def __init__(self) -> None:
        self.parser = HttpResponseParser(self)
        self.headers: dict[str, str] = {}
        self.parts: list[bytes] = []
        self.has_headers = self.is_done = self.keeps_alive = False

    def feed(self, data: bytes) -> None:
        if not data:
            self._ended()
            return
        try:
            self.parser.feed_data(data)
        except HttpParserError as error:
            raise ConnectionError(f"this is no HTTP: {error}") from error

    def _ended(self) -> None:
        """The other side hung up: that ends a body whose length nobody told, and nothing else."""
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
        if self.parser.get_status_code() < 200:  # word that the answer is still to come
            self.headers.clear()
            self.has_headers = False
            return
        self.is_done, self.keeps_alive = True, self.parser.should_keep_alive()

    def answer(self) -> Answer:
        return Answer(self.parser.get_status_code(), self.headers, b"".join(self.parts))


def _written(method: str, target: str, host: str, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [f"{method} {target or '/'} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items() if name.lower() not in ("host", "content-length")]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError(f"{method} {target}: a line of a request can't be broken")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _socket(server: SplitResult, connect_seconds: float) -> socket.socket:
    assert server.hostname, f"{server.geturl()} names no host"
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
    """Trusts whom the machine trusts, or ``SSL_CERT_FILE``."""
    import ssl

    return ssl.create_default_context()
