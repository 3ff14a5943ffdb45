"""The ASGI server of every process here: uvicorn on 127.0.0.1, with one packet per response.

    python -m local.http_server.asgi_server MODULE:APP --port N

uvicorn writes a response's headers, then its body: two packets, which wake the client twice. Here everything that is
written in one turn of the event loop is sent together.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

import uvicorn

from local.http_server.http_protocol import LimitedHttpProtocol


class BufferedTransport:
    """A transport that writes once in each turn of the event loop."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._buffer: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._buffer:
            self._loop.call_soon(self._flush)
        self._buffer.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def write_eof(self) -> None:
        self._flush()
        self._transport.write_eof()

    def _flush(self) -> None:
        buffer, self._buffer = self._buffer, []
        if buffer:
            self._transport.write(b"".join(buffer))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class BufferedHttpProtocol(LimitedHttpProtocol):
    """uvicorn's HTTP protocol, limited, over a ``BufferedTransport``."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(BufferedTransport(transport, self.loop))  # type: ignore[arg-type]


def server_config(app: Any, port: int, **options: Any) -> uvicorn.Config:
    """The uvicorn configuration of every server here.

    No proxy stands in front, so the client's address is the connection's own. WebSockets are not supported: a request
    for one reaches the app as the plain request that it is.
    """
    defaults: dict[str, Any] = {
        "log_level": "warning",
        "access_log": False,
        "proxy_headers": False,
        "server_header": False,
        "ws": "none",
    }
    settings = {**defaults, **options}
    return uvicorn.Config(app, host="127.0.0.1", port=port, loop="uvloop", http=BufferedHttpProtocol, **settings)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m local.http_server.asgi_server", description="Serve an ASGI app on 127.0.0.1."
    )
    parser.add_argument("app", metavar="MODULE:APP")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    uvicorn.Server(server_config(options.app, options.port, date_header=False)).run()


if __name__ == "__main__":
    main()
