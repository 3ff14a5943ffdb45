"""The HTTP protocol: AWS JSON 1.0 over ASGI, a health check, and an endpoint that moves the clock.

POST / with ``X-Amz-Target: AWSStepFunctions.<Action>``; GET /health; POST /_asl/clock/advance.
"""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from asl.engine.clock import iso
from asl.server.errors import ApiError, invalid

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Call = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]

logger = logging.getLogger("asl.server")

LONG_POLLS = {"GetActivityTask", "StartSyncExecution"}
TARGET = b"AWSStepFunctions."
MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 300
JSON_TYPE = (b"content-type", b"application/x-amz-json-1.0")


async def read_body(receive: Receive) -> bytes:
    """A request's body. Raises RequestEntityTooLarge."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise ApiError("RequestEntityTooLarge", f"A request has {MAX_BODY_BYTES} bytes at most", 413)
        if not message.get("more_body"):
            return bytes(body)


def read_json(body: bytes) -> dict[str, Any]:
    """A request's parameters. A null counts as absent. Raises SerializationException."""
    try:
        value = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise ApiError("SerializationException", str(error)) from error
    if not isinstance(value, dict):
        raise ApiError("SerializationException", "A request is a JSON object")
    if b"\\ud" in body.lower() and not _has_no_lone_surrogate(value):
        raise ApiError("SerializationException", "A text holds half a character")
    for text in value.values():
        if isinstance(text, str) and too_deep(text):
            raise invalid(f"A JSON document is nested {MAX_DEPTH} levels deep at most")
    return {name: each for name, each in value.items() if each is not None}


def _has_no_lone_surrogate(value: Any) -> bool:
    """True unless a string has a lone surrogate."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def too_deep(text: str) -> bool:
    """True for a JSON text nested deeper than the engine accepts."""
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return False
    depth = 0
    for character in text:
        if character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif character in "]}":
            depth -= 1
    return False


async def reply(send: Send, status: int, value: dict[str, Any]) -> None:
    body = json.dumps(value, separators=(",", ":")).encode()
    headers = [JSON_TYPE, (b"x-amzn-requestid", str(uuid.uuid4()).encode()), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def serve_action(call: Call, target: bytes, receive: Receive, send: Send) -> None:
    """Perform one action and send its response. A client that disconnects ends its long poll."""
    try:
        request = read_json(await read_body(receive))
        name = target.removeprefix(TARGET).decode() if target.startswith(TARGET) else ""
        pending = call(name, request)
        response = await (until_disconnected(pending, receive) if name in LONG_POLLS else pending)
    except ApiError as error:
        await reply(send, error.status, {"__type": error.code, "message": error.message})
    except Exception:  # a defect of the server fails this request only
        logger.exception("%s failed", target.decode())
        await reply(send, 500, {"__type": "InternalFailure", "message": "The server failed; see its log."})
    else:
        await reply(send, 200, response)


async def until_disconnected(pending: Awaitable[dict[str, Any]], receive: Receive) -> dict[str, Any]:
    """The response of a pending call, which is cancelled if the client disconnects."""
    task = asyncio.ensure_future(pending)
    disconnect = asyncio.ensure_future(receive())
    try:
        await asyncio.wait((task, disconnect), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            task.cancel()
        return await task
    finally:
        disconnect.cancel()


async def advance_clock(advance: Callable[[float], Awaitable[float]], receive: Receive, send: Send) -> None:
    """POST /_asl/clock/advance ``{"seconds": n}``: move the clock, and respond with the new time."""
    try:
        seconds = read_json(await read_body(receive)).get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 1e10:
            raise invalid("seconds must be a number that is not negative")
    except ApiError as error:
        await reply(send, error.status, {"__type": error.code, "message": error.message})
        return
    await reply(send, 200, {"now": iso(await advance(seconds))})
