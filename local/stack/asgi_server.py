"""python -m local.stack.asgi_server MODULE:APP --port N: an ASGI app on this machine only, under uvicorn.

uvicorn writes an answer's headers, then its body: two packets, and the client is woken twice. Here whatever is written
in one turn of the loop goes out together.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Gathered:
    """A transport that writes once a turn of the loop."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        parts, self._parts = self._parts, []
        if parts:
            self._transport.write(b"".join(parts))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Protocol(HttpToolsProtocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Gathered(transport, self.loop))  # type: ignore[arg-type]


def config(app: Any, port: int, **more: Any) -> uvicorn.Config:
    """How all of them are served. Nobody stands before them, so a caller's address is the connection's own."""
    about: dict[str, Any] = {
        "log_level": "warning",
        "access_log": False,
        "proxy_headers": False,
        "server_header": False,
        **more,
    }
    return uvicorn.Config(app, host="127.0.0.1", port=port, loop="uvloop", http=Protocol, **about)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m local.stack.asgi_server", description="Serve an ASGI app on this machine."
    )
    parser.add_argument("app", metavar="MODULE:APP")
    parser.add_argument("--port", type=int, required=True)
    asked = parser.parse_args()
    uvicorn.Server(config(asked.app, asked.port, date_header=False)).run()


if __name__ == "__main__":
    main()
