"""HTTP/1.1 with keep-alive on httptools: it can leave a request unanswered, which an ASGI server can't."""

from __future__ import annotations

import asyncio
import sys
import traceback
from http import HTTPStatus
from typing import cast

import httptools

from local.sandboxes.payments.api import CutConnection, Outcome, PaymentsSandbox, StripeResponse

_MOST_BYTES = 1 << 20
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class Connection(asyncio.Protocol):
    """Handles one request at a time, in order, even if the client sends the next one early."""

    def __init__(self, sandbox: PaymentsSandbox, connections: set[Connection]) -> None:
        self._sandbox = sandbox
        self._connections = connections
        self._parser = httptools.HttpRequestParser(self)
        self._cut: CutConnection | None = None
        self._reset()

    def _reset(self) -> None:
        self._target = b""
        self._headers: dict[str, str] = {}
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

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

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
        try:
            return self._sandbox.handle(method, target, self._headers, self._body)
        except Exception:
            traceback.print_exc(file=sys.stderr)
            return StripeResponse(500, b'{"error": {"type": "api_error", "message": "The sandbox has a defect."}}')

    def _send(self, response: StripeResponse) -> None:
        keep = self._parser.should_keep_alive()
        head = [f"HTTP/1.1 {response.status} {_REASONS[response.status]}", "Content-Type: application/json"]
        head += [f"{name}: {value}" for name, value in response.headers.items()]
        head += [f"Content-Length: {len(response.body)}", f"Connection: {'keep-alive' if keep else 'close'}", "\r\n"]
        self._transport.write("\r\n".join(head).encode("latin-1") + response.body)
        if not keep:
            self._transport.close()
