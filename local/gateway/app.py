"""API Gateway on one machine: an ASGI app that routes from the contract, authorizes, and calls functions.

What it refuses itself is a problem like the services' own, with the ``message`` that API Gateway would send.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from api import contract, security
from api.problems import MEDIA_TYPE, Problem, too_large
from local.gateway.cors import Cors
from local.gateway.http_events import Answer, Request, answer_of, event_of, joined, new_request_id
from local.gateway.limits import Buckets, Limits, header_bytes
from local.gateway.tokens import Authorizer, Claims, InsufficientScope, InvalidToken, PublishedKeys, keys_at
from oms.declarations.limits import GATEWAY_BODY_BYTES, GATEWAY_HEADER_BYTES

MOST_DROPPED_BYTES = 64 * 1024 * 1024
THREADS = 16
SECURITY = tuple((name.lower(), value) for name, value in security.HEADERS.items())

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Invoke = Callable[[str, dict[str, Any]], Any]

log = logging.getLogger(__name__)
access_log = logging.getLogger(f"{__name__}.access")


class Refusal(Exception):
    """An answer that no function gave. ``message`` is API Gateway's own word for it."""

    def __init__(self, problem: Problem, message: str) -> None:
        super().__init__(message)
        self.problem, self.message = problem, message


class Router:
    """The contract's routes. A path without parameters wins over one with, as in API Gateway."""

    def __init__(self, operations: Mapping[str, contract.Operation]) -> None:
        self._fixed = {(each.method, each.path): each for each in operations.values() if "{" not in each.path}
        self._open = [(each.method, _pattern(each.path), each) for each in operations.values() if "{" in each.path]

    def find(self, method: str, path: str) -> tuple[contract.Operation, dict[str, str]]:
        fixed = self._fixed.get((method, path))
        if fixed is not None:
            return fixed, {}
        for known, pattern, operation in self._open:
            if known == method and (match := pattern.fullmatch(path)):
                return operation, match.groupdict()
        raise Refusal(Problem("no-such-route", 404, f"there is no {method} {path[:200]}"), "Not Found")


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))


class Gateway:
    """``site`` is the origin whose pages may call from a browser."""

    def __init__(
        self,
        invoke: Invoke,
        authorizer: Authorizer,
        threads: int = THREADS,
        limits: Limits = Limits(),  # noqa: B008 - it is immutable
        site: str | None = None,
    ) -> None:
        self._invoke, self._authorizer, self._limits = invoke, authorizer, limits
        self._addresses, self._users = Buckets(limits.an_address), Buckets(limits.a_user)
        self._router = Router(contract.operations())
        self._cors = Cors(site, (operation.method for operation in contract.operations().values()))
        self._threads = threads
        self._pool = self._new_pool()

    def _new_pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._threads, thread_name_prefix="function")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            answer = await self._answer(scope, receive)
            headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
            headers.append((b"content-length", str(len(answer.body)).encode()))
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            await send({"type": "http.response.body", "body": answer.body})

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                self._pool.shutdown(cancel_futures=True)
                self._pool = self._new_pool()  # its threads begin with the first request, if the app is begun again
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        request_id, headers, begun = new_request_id(), joined(scope["headers"]), time.perf_counter()
        error = "-"
        try:
            answer = await self._served(scope, headers, receive, request_id)
        except Refusal as refusal:
            answer, error = _refused(refusal, scope["path"], request_id), refusal.message
        except Exception:  # what a function raises is its own affair; the caller gets a 500, as on AWS
            log.exception("request %s failed", request_id)
            failed = Problem("internal-error", 500, "the function failed: it is logged under the correlation id")
            error = "Internal Server Error"
            answer = _refused(Refusal(failed, error), scope["path"], request_id)
        if access_log.isEnabledFor(logging.INFO):
            latency_ms = round((time.perf_counter() - begun) * 1000)
            self._write_down(
                scope, gateway_request_id=request_id, status=answer.status, error=error, latency_ms=latency_ms
            )
        given = {name for name, _ in answer.headers}
        secured = tuple((name, value) for name, value in SECURITY if name not in given)
        return replace(answer, headers=(*answer.headers, *secured, *self._cors.shown(headers)))

    def _write_down(self, scope: Scope, **facts: Any) -> None:
        """Of what was asked only the route is logged: paths and queries may name people."""
        try:
            route = self._router.find(scope["method"], scope["path"])[0].key
        except Refusal:
            route = "-"
        access_log.info("%s", json.dumps({"route": route, **facts}))

    async def _served(self, scope: Scope, headers: Mapping[str, str], receive: Receive, request_id: str) -> Answer:
        address = (scope.get("client") or ("127.0.0.1", 0))[0]
        _admit(self._addresses.take(address))
        _check_headers(scope, headers)
        preflight = self._cors.preflight(scope["method"], headers)
        if preflight is not None:
            return Answer(204, preflight, b"")
        operation, path_parameters = self._router.find(scope["method"], scope["path"])
        body = await _body(receive, headers)
        request = Request(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            source_ip=address,
            protocol=f"HTTP/{scope['http_version']}",
            body=body,
            request_id=request_id,
        )

        def serve() -> Answer:
            claims = self._claims(headers, operation.scopes) if operation.secured else None
            if claims is not None:
                _admit(self._users.take(str(claims.get("sub"))))
            event = event_of(request, operation.key, path_parameters, claims, operation.scopes)
            return answer_of(self._invoke(operation.function, event))

        serving = asyncio.get_running_loop().run_in_executor(self._pool, serve)
        try:
            return await asyncio.wait_for(serving, self._limits.answer_seconds)
        except TimeoutError:
            late = Problem("timed-out", 504, "the shop took too long: whether the request had its effect is unknown")
            raise Refusal(late, "Endpoint request timed out") from None

    def _claims(self, headers: Mapping[str, str], scopes: frozenset[str]) -> Claims:
        try:
            return self._authorizer.claims(headers.get("authorization", ""), scopes)
        except InvalidToken as invalid:
            challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"' if "authorization" in headers else "Bearer"}
            raise Refusal(Problem("unauthorized", 401, str(invalid), headers=challenge), "Unauthorized") from None
        except InsufficientScope as insufficient:
            challenge = {"WWW-Authenticate": f'Bearer scope="{" ".join(sorted(scopes))}" error="insufficient_scope"'}
            raise Refusal(Problem("forbidden", 403, str(insufficient), headers=challenge), "Forbidden") from None


def _admit(wait_seconds: int) -> None:
    if wait_seconds:
        again = {"Retry-After": str(wait_seconds)}
        detail = f"this is more than one may ask for: ask again in {wait_seconds} s"
        raise Refusal(Problem("too-many-requests", 429, detail, headers=again), "Too Many Requests")


def _check_headers(scope: Scope, headers: Mapping[str, str]) -> None:
    target = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
    if header_bytes(scope["method"], target, headers) > GATEWAY_HEADER_BYTES:
        detail = f"the request line and headers are larger than {GATEWAY_HEADER_BYTES} bytes: send less of them"
        raise Refusal(Problem("headers-too-large", 431, detail), "Request Header Fields Too Large")


async def _body(receive: Receive, headers: Mapping[str, str]) -> bytes:
    """The whole body. One that is too long is read to its end and dropped: a client that still sends hears nothing."""
    declared = headers.get("content-length", "0")
    if declared.isascii() and declared.isdigit() and int(declared) > GATEWAY_BODY_BYTES and "expect" in headers:
        raise _too_large()
    parts, length, more = [], 0, True
    while more and length <= MOST_DROPPED_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the client left")
        length += len(message.get("body", b""))
        if length <= GATEWAY_BODY_BYTES:
            parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    if length > GATEWAY_BODY_BYTES:
        raise _too_large()
    return b"".join(parts)


def _too_large() -> Refusal:
    return Refusal(too_large(GATEWAY_BODY_BYTES), "Request Entity Too Large")


def _refused(refusal: Refusal, path: str, request_id: str) -> Answer:
    problem = refusal.problem
    document = problem.document(path, request_id) | {"message": refusal.message}
    headers = {"content-type": MEDIA_TYPE, "x-correlation-id": request_id, **problem.headers}
    # What is left unread of a body would be read as the next request.
    closing = {"connection": "close"} if problem.status in (413, 429, 431) else {}
    lowered = tuple((name.lower(), value) for name, value in {**headers, **closing}.items())
    return Answer(problem.status, lowered, json.dumps(document).encode())


def create_app(
    invoke: Invoke, *, issuer: str, audience: Sequence[str], jwks_url: str, site: str | None = None
) -> Gateway:
    """The gateway before ``invoke(function, event)``, for tokens of ``issuer`` meant for a client in ``audience``."""
    return Gateway(invoke, Authorizer(PublishedKeys(keys_at(jwks_url)), issuer, audience), site=site)
