"""The protocol: AWS JSON 1.0 over HTTP, as a plain ASGI application, with two pages of its own.

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

LONG = {"GetActivityTask", "StartSyncExecution"}
TARGET = b"AWSStepFunctions."
LARGEST_BODY = 4 * 1024 * 1024
DEEPEST = 300
JSON_TYPE = (b"content-type", b"application/x-amz-json-1.0")


async def read_body(receive: Receive) -> bytes:
    """A request's body. Raises RequestEntityTooLarge."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            raise ApiError("RequestEntityTooLarge", f"A request has {LARGEST_BODY} bytes at most", 413)
        if not message.get("more_body"):
            return bytes(body)


def read_json(body: bytes) -> dict[str, Any]:
    """A request's parameters; nulls are as absent as what isn't there. Raises SerializationException."""
    try:
        value = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise ApiError("SerializationException", str(error)) from error
    if not isinstance(value, dict):
        raise ApiError("SerializationException", "A request is a JSON object")
    if b"\\ud" in body.lower() and not _has_characters_only(value):
        raise ApiError("SerializationException", "A text holds half a character")
    for text in value.values():
        if isinstance(text, str) and too_deep(text):
            raise invalid(f"A JSON document is nested {DEEPEST} levels deep at most")
    return {name: each for name, each in value.items() if each is not None}


def _has_characters_only(value: Any) -> bool:
    """False where a text holds a lone surrogate."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def too_deep(text: str) -> bool:
    """True for a JSON text nested beyond what the engine will walk."""
    if text.count("{") + text.count("[") <= DEEPEST:
        return False
    depth = 0
    for character in text:
        if character in "[{":
            depth += 1
            if depth > DEEPEST:
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
    """One action, and its answer; a caller that hangs up ends a long poll."""
    try:
        request = read_json(await read_body(receive))
        name = target.removeprefix(TARGET).decode() if target.startswith(TARGET) else ""
        work = call(name, request)
        answer = await (unless_gone(work, receive) if name in LONG else work)
    except ApiError as error:
        await reply(send, error.status, {"__type": error.code, "message": error.message})
    except Exception:  # a defect of this server's own: said, and the server goes on
        logger.exception("%s failed", target.decode())
        await reply(send, 500, {"__type": "InternalFailure", "message": "The server failed; its log says how."})
    else:
        await reply(send, 200, answer)


async def unless_gone(work: Awaitable[dict[str, Any]], receive: Receive) -> dict[str, Any]:
    """The work's result; the work is cancelled when the client goes away."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(receive())
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            task.cancel()
        return await task
    finally:
        gone.cancel()


async def advance_clock(advance: Callable[[float], Awaitable[float]], receive: Receive, send: Send) -> None:
    """POST /_asl/clock/advance ``{"seconds": n}``: answers with the new time."""
    try:
        seconds = read_json(await read_body(receive)).get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 1e10:
            raise invalid("seconds must be a number that is not negative")
    except ApiError as error:
        await reply(send, error.status, {"__type": error.code, "message": error.message})
        return
    await reply(send, 200, {"now": iso(await advance(seconds))})
