"""HTTP/1.1 with keep-alive on httptools: it can leave a request unanswered, which an ASGI server can't."""

from __future__ import annotations

import asyncio
import sys
import traceback
from http import HTTPStatus
from typing import cast

import httptools

from api.problems import MEDIA_TYPE
from local.http_server.origin_guard import OriginPolicy, refusal_document
from local.sandboxes.payments.api import CutConnection, Outcome, PaymentsSandbox, StripeResponse

_MOST_BYTES = 1 << 20
_MOST_HEAD_BYTES = 64 * 1024
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class Connection(asyncio.Protocol):
    """Handles one request at a time, in order, even if the client sends the next one early."""

    def __init__(self, sandbox: PaymentsSandbox, policy: OriginPolicy, connections: set[Connection]) -> None:
        self._sandbox, self._policy = sandbox, policy
        self._connections = connections
        self._parser = httptools.HttpRequestParser(self)
        self._cut: CutConnection | None = None
        self._reset()

    def _reset(self) -> None:
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._has_head = False
        self._head_bytes = 0
        self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        if self._cut:
            self._cut.on_close()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()

    def close(self) -> None:
        self._transport.abort()

    # --- Called by the parser ---------------------------------------------------------------------

    def on_url(self, url: bytes) -> None:
        self._target += url
        self._measure_head(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._measure_head(name + value)
        if not self._has_head:  # what comes after the body is a trailer
            self._headers.append((name.lower(), value))

    def _measure_head(self, part: bytes) -> None:
        self._head_bytes += len(part)
        if self._head_bytes > _MOST_HEAD_BYTES:
            self.close()

    def on_headers_complete(self) -> None:
        self._has_head = True

    def on_body(self, body: bytes) -> None:
        self._body += body
        if len(self._body) > _MOST_BYTES:
            self.close()

    def on_message_complete(self) -> None:
        if self._cut or self._transport.is_closing():
            return
        outcome = self._outcome()
        self._reset()
        if isinstance(outcome, CutConnection):
            self._cut = outcome
            asyncio.get_running_loop().call_later(outcome.seconds, self.close)
        else:
            self._send(outcome)

    def _outcome(self) -> Outcome:
        method, target = self._parser.get_method().decode(), self._target.decode("latin-1")
        path = target.partition("?")[0]
        if problem := self._policy.refusal(method, path, self._headers):
            return StripeResponse(problem.status, refusal_document(problem, path), {"Content-Type": MEDIA_TYPE})
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self._headers}
        try:
            return self._sandbox.handle(method, target, headers, self._body)
        except Exception:
            traceback.print_exc(file=sys.stderr)
            return StripeResponse(500, b'{"error": {"type": "api_error", "message": "The sandbox has a defect."}}')

    def _send(self, response: StripeResponse) -> None:
        keep = self._parser.should_keep_alive()
        headers = {"Content-Type": "application/json", **response.headers}
        head = [f"HTTP/1.1 {response.status} {_REASONS[response.status]}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        head += [f"Content-Length: {len(response.body)}", f"Connection: {'keep-alive' if keep else 'close'}", "\r\n"]
        self._transport.write("\r\n".join(head).encode("latin-1") + response.body)
        if not keep:
            self._transport.close()
