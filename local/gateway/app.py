"""API Gateway on one machine: an ASGI app that routes from the contract, authorizes, and calls functions.

What the gateway itself refuses is a problem like the services' own, with the ``message`` that API Gateway would send.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from api import contract, security
from api.problems import MEDIA_TYPE, Problem, too_large
from local.gateway import index_page
from local.gateway.cors import Cors
from local.gateway.function_pools import THREADS, FunctionPools
from local.gateway.http_events import (
    GatewayRequest,
    GatewayResponse,
    event_of,
    joined_headers,
    new_request_id,
    response_of,
)
from local.gateway.limits import Limits, TokenBuckets, header_bytes
from local.gateway.tokens import (
    Authorizer,
    Claims,
    InsufficientScope,
    InvalidToken,
    KeysUnavailable,
    PublishedKeys,
    keys_at,
)
from local.http_server.asgi import BodyTooLarge, ClientDisconnected, Receive, Scope, Send, read_body, send_response
from oms.declarations.limits import GATEWAY_BODY_BYTES, GATEWAY_HEADER_BYTES

MOST_DROPPED_BYTES = 64 * 1024 * 1024
CLIENT_CLOSED = 499
"""The access log's status of a request whose client closed the connection before it had sent the whole request."""
PAGE_HEADERS = tuple((name.lower(), value) for name, value in index_page.HEADERS.items())
SECURITY = tuple((name.lower(), value) for name, value in security.HEADERS.items())

Invoke = Callable[[str, dict[str, Any]], Any]

log = logging.getLogger(__name__)
access_log = logging.getLogger(f"{__name__}.access")


class Refusal(Exception):
    """A response of the gateway itself. ``message`` is API Gateway's own text for it."""

    def __init__(self, problem: Problem, message: str) -> None:
        super().__init__(message)
        self.problem, self.message = problem, message


class Router:
    """The contract's routes. A path without parameters takes precedence, as in API Gateway."""

    def __init__(self, operations: Mapping[str, contract.Operation]) -> None:
        with_parameters = [operation for operation in operations.values() if "{" in operation.path]
        fixed = [operation for operation in operations.values() if "{" not in operation.path]
        self._fixed = {(operation.method, operation.url_path): operation for operation in fixed}
        self._patterns = [(each.method, _pattern(each.url_path), each) for each in with_parameters]

    def find(self, method: str, path: str) -> tuple[contract.Operation, dict[str, str]]:
        """The operation and its path parameters. Raises ``Refusal`` if there is none."""
        fixed = self._fixed.get((method, path))
        if fixed is not None:
            return fixed, {}
        for route_method, pattern, operation in self._patterns:
            if route_method == method and (match := pattern.fullmatch(path)):
                return operation, match.groupdict()
        raise Refusal(Problem("no-such-route", 404, f"there is no {method} {path[:200]}"), "Not Found")


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))


class Gateway:
    """The gateway as an ASGI app.

    Args:
        site: the origin whose pages may call from a browser.
        page: the HTML page at ``/``.
    """

    def __init__(
        self,
        invoke: Invoke,
        authorizer: Authorizer,
        threads: int = THREADS,
        limits: Limits = Limits(),  # noqa: B008 - it is immutable
        site: str | None = None,
        page: str | None = None,
    ) -> None:
        self._invoke, self._authorizer, self._limits = invoke, authorizer, limits
        self._page = None if page is None else GatewayResponse(200, PAGE_HEADERS, page.encode())
        self._addresses, self._users = TokenBuckets(limits.per_address), TokenBuckets(limits.per_user)
        self._router = Router(contract.operations())
        self._cors = Cors(site, (operation.method for operation in contract.operations().values()))
        self._threads = threads
        self._pools = FunctionPools(threads)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._run_lifespan(receive, send)
        elif scope["type"] == "http":
            response = await self._respond(scope, receive)
            await send_response(send, response.status, response.headers, response.body)

    async def _run_lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                self._pools.shutdown()
                self._pools = FunctionPools(
                    self._threads
                )  # for a restart of the app; its threads start with the first request
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _respond(self, scope: Scope, receive: Receive) -> GatewayResponse:
        request_id, headers, start = new_request_id(), joined_headers(scope["headers"]), time.perf_counter()
        error = "-"
        try:
            response = await self._serve(scope, headers, receive, request_id)
        except Refusal as refusal:
            response, error = _refused(refusal, scope["path"], request_id), refusal.message
        except ClientDisconnected:
            response, error = GatewayResponse(CLIENT_CLOSED, (), b""), "Client closed request"
        except Exception:  # a function that raises is a 500 for the caller, as on AWS
            log.exception("request %s failed", request_id)
            problem = Problem("internal-error", 500, "the function failed: it is logged under the correlation id")
            error = "Internal Server Error"
            response = _refused(Refusal(problem, error), scope["path"], request_id)
        if access_log.isEnabledFor(logging.INFO):
            latency_ms = round((time.perf_counter() - start) * 1000)
            self._log_access(
                scope, gateway_request_id=request_id, status=response.status, error=error, latency_ms=latency_ms
            )
        own = {name for name, _ in response.headers}
        common = (*SECURITY, *self._cors.response_headers(headers))
        added = tuple((name, value) for name, value in common if name not in own)
        return replace(response, headers=(*response.headers, *added))

    def _log_access(self, scope: Scope, **facts: Any) -> None:
        """Log the route, not the path or the query: those may name people."""
        try:
            route = self._router.find(scope["method"], scope["path"])[0].route_key
        except Refusal:
            route = "-"
        access_log.info("%s", json.dumps({"route": route, **facts}))

    async def _serve(
        self, scope: Scope, headers: Mapping[str, str], receive: Receive, request_id: str
    ) -> GatewayResponse:
        address = (scope.get("client") or ("127.0.0.1", 0))[0]
        _admit(self._addresses.take(address))
        _check_headers(scope, headers)
        preflight = self._cors.preflight(scope["method"], headers)
        if preflight is not None:
            return GatewayResponse(204, preflight, b"")
        if self._page and scope["path"] == "/" and scope["method"] in ("GET", "HEAD"):
            return self._page
        operation, path_parameters = self._router.find(scope["method"], scope["path"])
        request = GatewayRequest(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            source_ip=address,
            protocol=f"HTTP/{scope['http_version']}",
            body=await _body(receive, headers),
            request_id=request_id,
        )
        return await self._call_function(operation, path_parameters, request)

    async def _call_function(
        self, operation: contract.Operation, path_parameters: Mapping[str, str], request: GatewayRequest
    ) -> GatewayResponse:
        def call() -> GatewayResponse:
            claims = self._claims(request.headers, operation.scopes) if operation.secured else None
            if claims is not None:
                _admit(self._users.take(str(claims.get("sub"))))
            event = event_of(request, operation.route_key, path_parameters, claims, operation.scopes)
            return response_of(self._invoke(operation.function, event))

        future = asyncio.get_running_loop().run_in_executor(self._pools.of(operation.function), call)
        try:
            return await asyncio.wait_for(future, self._limits.timeout_seconds)
        except TimeoutError:
            late = Problem("timed-out", 504, "the shop took too long: whether the request had its effect is unknown")
            raise Refusal(late, "Endpoint request timed out") from None

    def _claims(self, headers: Mapping[str, str], scopes: frozenset[str]) -> Claims:
        try:
            return self._authorizer.claims(headers.get("authorization", ""), scopes)
        except InvalidToken as invalid:
            challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"' if "authorization" in headers else "Bearer"}
            raise Refusal(Problem("unauthorized", 401, str(invalid), headers=challenge), "Unauthorized") from None
        except KeysUnavailable as unavailable:
            again = {"Retry-After": str(unavailable.retry_seconds)}
            raise Refusal(
                Problem("keys-unavailable", 503, str(unavailable), headers=again), "Service Unavailable"
            ) from None
        except InsufficientScope as insufficient:
            challenge = {"WWW-Authenticate": f'Bearer scope="{" ".join(sorted(scopes))}" error="insufficient_scope"'}
            raise Refusal(Problem("forbidden", 403, str(insufficient), headers=challenge), "Forbidden") from None


def _admit(wait_seconds: int) -> None:
    if wait_seconds:
        headers = {"Retry-After": str(wait_seconds)}
        detail = f"too many requests: ask again in {wait_seconds} s"
        raise Refusal(Problem("too-many-requests", 429, detail, headers=headers), "Too Many Requests")


def _check_headers(scope: Scope, headers: Mapping[str, str]) -> None:
    target = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
    if header_bytes(scope["method"], target, headers) > GATEWAY_HEADER_BYTES:
        detail = f"the request line and headers are larger than {GATEWAY_HEADER_BYTES} bytes: send less of them"
        raise Refusal(Problem("headers-too-large", 431, detail), "Request Header Fields Too Large")
    if "websocket" in headers.get("upgrade", "").lower():
        raise Refusal(Problem("no-websockets", 400, "the API has no WebSockets: send a plain request"), "Bad Request")


async def _body(receive: Receive, headers: Mapping[str, str]) -> bytes:
    """The whole body. One that is too large is refused at once if the client asked first (``Expect``)."""
    declared = headers.get("content-length", "0")
    if declared.isascii() and declared.isdigit() and int(declared) > GATEWAY_BODY_BYTES and "expect" in headers:
        raise _too_large()
    try:
        return await read_body(receive, GATEWAY_BODY_BYTES, drain_limit=MOST_DROPPED_BYTES)
    except BodyTooLarge:
        raise _too_large() from None


def _too_large() -> Refusal:
    return Refusal(too_large(GATEWAY_BODY_BYTES), "Request Entity Too Large")


def _refused(refusal: Refusal, path: str, request_id: str) -> GatewayResponse:
    problem = refusal.problem
    document = problem.document(path, request_id) | {"message": refusal.message}
    headers = {"content-type": MEDIA_TYPE, "x-correlation-id": request_id, **problem.headers}
    # The unread rest of a body would be taken for the next request.
    closing = {"connection": "close"} if problem.status in (413, 429, 431) else {}
    lowered = tuple((name.lower(), value) for name, value in {**headers, **closing}.items())
    return GatewayResponse(problem.status, lowered, json.dumps(document).encode())


def create_app(
    invoke: Invoke,
    *,
    issuer: str,
    audience: Sequence[str],
    jwks_url: str,
    site: str | None = None,
    page: str | None = None,
) -> Gateway:
    """A gateway that calls ``invoke(function, event)``, for tokens of ``issuer`` to a client in ``audience``."""
    return Gateway(invoke, Authorizer(PublishedKeys(keys_at(jwks_url)), issuer, audience), site=site, page=page)
