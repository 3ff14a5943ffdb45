"""Requests to an ASGI app in this process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class AsgiResponse:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(app: Any, method: str, path: str, body: bytes = b"", address: str = "10.0.0.1", **headers: str) -> AsgiResponse:
    """Send a request. The names of ``headers`` have underscores for dashes."""
    path, _, query = path.partition("?")
    messages: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        "client": (address, 1),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    asyncio.run(app(scope, receive, send))
    start, rest = messages
    response_headers = {name.decode(): value.decode() for name, value in start["headers"]}
    names = [name for name, _ in start["headers"] if name != b"set-cookie"]
    assert len(names) == len(set(names)), f"a header twice: {names}"  # browsers then ignore CORS headers
    return AsgiResponse(start["status"], response_headers, rest["body"])
