"""uvicorn's HTTP protocol, with limits on the size of a request's head and on the time that a request takes to arrive.

A request that can't be read is answered with a problem document. Trailers are dropped, and upgrades are ignored.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from enum import Enum, auto
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api import security
from api.problems import MEDIA_TYPE, Problem

MOST_TARGET_BYTES = 16 * 1024
MOST_HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 10
BODY_SECONDS = 30
FRAMING = (b"content-length", b"transfer-encoding")
LINGER_SECONDS = 2
LINGER_BYTES = 1024 * 1024

MALFORMED = Problem("malformed-request", 400, "this is no HTTP request that can be read")
TARGET_TOO_LONG = Problem("uri-too-long", 414, f"the path and query are longer than {MOST_TARGET_BYTES} bytes")
HEAD_TOO_LARGE = Problem("headers-too-large", 431, f"the headers are larger than {MOST_HEAD_BYTES} bytes")
TOO_SLOW = Problem("request-timed-out", 408, "the request took too long to arrive")


class UnreadableRequest(Exception):
    """Raised in the parser's callbacks to stop it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


class RequestPart(Enum):
    """The part of a request that a connection waits for."""

    HEAD = auto()
    BODY = auto()
    NONE = auto()
    """The request has arrived, or none has begun."""


SECONDS = {RequestPart.HEAD: HEAD_SECONDS, RequestPart.BODY: BODY_SECONDS}


class LimitedHttpProtocol(HttpToolsProtocol):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._awaited = RequestPart.NONE
        self._requests = 0
        self._head_bytes = 0
        self._unparsed_bytes = 0
        """What has arrived since the parser last finished a head or a part of a body: it keeps such bytes."""
        self._is_head_known = False
        """The parser reads the head of a request that asked for an upgrade once more."""
        self._deadline: asyncio.TimerHandle | None = None
        self._timed: tuple[int, RequestPart] = (0, RequestPart.NONE)
        """The number of the request that the deadline is for, and its part."""
        self._lingering_bytes: int | None = None
        """What has arrived since the connection was given up, None while it is in use."""

    # --- The connection ---------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._set_deadline(0, RequestPart.HEAD)

    def connection_lost(self, exc: Exception | None) -> None:
        self._set_deadline(self._requests, RequestPart.NONE)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._lingering_bytes is not None:
            self._drop(data)
            return
        self._unset_keepalive_if_required()
        self._unparsed_bytes += len(data)
        try:
            self._feed(data)
            if self._unparsed_bytes > MOST_HEAD_BYTES:
                raise UnreadableRequest(HEAD_TOO_LARGE)
        except UnreadableRequest as error:
            self._refuse(error.problem)
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._refuse(cause.problem if isinstance(cause, UnreadableRequest) else MALFORMED)
        else:
            self._set_deadline(self._requests, self._awaited)

    def _feed(self, data: bytes) -> None:
        """Parse. An upgrade is ignored, as HTTP allows.

        The parser stops after the head of a request that asks for one, so another parser reads the rest.
        """
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            framing = [name + b": " + value for name, value in self.headers if name in FRAMING]
            self._is_head_known = True
            self.parser.feed_data(b"\r\n".join([b"POST / HTTP/1.1", *framing, b"", b""]))
            self._is_head_known = False
            self._feed(data[upgrade.args[0] :])

    # --- Called by the parser ---------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._is_head_known:
            return
        super().on_message_begin()
        self._requests += 1
        self._awaited, self._head_bytes = RequestPart.HEAD, 0

    def on_url(self, url: bytes) -> None:
        if self._is_head_known:
            return
        self._head_bytes += len(url)
        if self._head_bytes > MOST_TARGET_BYTES:
            raise UnreadableRequest(TARGET_TOO_LONG)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._is_head_known:
            return
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > MOST_HEAD_BYTES:
            raise UnreadableRequest(HEAD_TOO_LARGE)
        if self._awaited is RequestPart.HEAD:  # what comes after the body is a trailer
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._is_head_known:
            return
        super().on_headers_complete()
        self._awaited, self._unparsed_bytes = RequestPart.BODY, 0

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._unparsed_bytes = 0

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():  # the body is still to come
            return
        super().on_message_complete()
        self._awaited, self._unparsed_bytes = RequestPart.NONE, 0

    # --- Deadlines --------------------------------------------------------------------------------

    def _set_deadline(self, request: int, part: RequestPart) -> None:
        """Set the deadline for a part of a request, once. Bytes that trickle in don't move it."""
        if self._timed == (request, part):
            return
        self._timed = (request, part)
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(SECONDS[part], self._time_out) if part in SECONDS else None

    def _time_out(self) -> None:
        if self.flow.read_paused:  # the app is slow, not the client
            self._deadline = self.loop.call_later(BODY_SECONDS, self._time_out)
        elif self._awaited is RequestPart.NONE:
            self.transport.close()
        else:
            self._refuse(TOO_SLOW)

    # --- Refusals ---------------------------------------------------------------------------------

    def _refuse(self, problem: Problem) -> None:
        """Answer a request that can't be read, unless the client would take that for another's answer, and close."""
        self._set_deadline(self._requests, RequestPart.NONE)
        self._lingering_bytes = 0
        pending = None if self.cycle is None or self.cycle.response_complete else self.cycle
        if self._awaited is RequestPart.BODY:
            if pending is None or pending.response_started or self.pipeline:
                self.transport.close()
                return
            pending.disconnected = True
            pending.message_event.set()
        elif pending is not None:
            pending.keep_alive = False  # its answer is the last one
            return
        self.transport.write(self._response(problem))
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def _drop(self, data: bytes) -> None:
        """Read on and drop: a connection closed over unread bytes is reset, and the client loses the answer."""
        self._lingering_bytes = (self._lingering_bytes or 0) + len(data)
        if self._lingering_bytes > LINGER_BYTES:
            self.transport.abort()

    def _response(self, problem: Problem) -> bytes:
        correlation_id = str(uuid.uuid4())
        document = problem.document("/", correlation_id) | {"message": HTTPStatus(problem.status).phrase}
        body = json.dumps(document).encode()
        headers = {
            **security.HEADERS,
            "Content-Type": MEDIA_TYPE,
            "X-Correlation-Id": correlation_id,
            "Content-Length": str(len(body)),
            "Connection": "close",
        }
        lines = [f"HTTP/1.1 {problem.status} {document['message']}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
