"""ASGI messages: their types, and one call each to read a request's body and to send a response.

https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class BodyTooLarge(ValueError):
    """The request's body is larger than the application takes."""


class ClientDisconnected(ConnectionError):
    """The client closed the connection before it had sent the whole request."""


async def read_body(receive: Receive, limit: int | None = None, drain_limit: int = 0) -> bytes:
    """Read a request's whole body.

    A body over ``limit`` bytes is read on and dropped, up to ``drain_limit`` bytes: a client that is still sending
    doesn't read the response. Raises ``BodyTooLarge`` and ``ClientDisconnected``.
    """
    parts: list[bytes] = []
    length, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        part = message.get("body", b"")
        length += len(part)
        if limit is None or length <= limit:
            parts.append(part)
        elif length > drain_limit:
            break
        more = message.get("more_body", False)
    if limit is not None and length > limit:
        raise BodyTooLarge(f"the body is larger than {limit} bytes")
    return b"".join(parts)


async def send_response(send: Send, status: int, headers: Iterable[tuple[str, str]], body: bytes) -> None:
    """Send a whole response. ``Content-Length`` is added to the headers."""
    lines = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    lines.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": body})
