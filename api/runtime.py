"""A service: routes by Powertools, requests checked against the contract, errors answered as problems.

Lambda calls ``service(event, context)`` with an event of API Gateway's HTTP API (payload 2.0). The local gateway and
tests call ``service.run(event, deps, environ)``. The contract and its schemas are read at the first request, not at
import.
"""

from __future__ import annotations

import base64
import json
import os
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from api import contract, guests, security
from api.problems import MEDIA_TYPE, Problem, problem_of
from oms.declarations.sign_in import OPERATORS
from oms.domain.order import Order
from oms.ports import Deps

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

CORRELATION_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


@dataclass(frozen=True)
class Caller:
    """Who sends a request.

    ``id`` is the subject of the token that the gateway verified, or empty on a route that is open to all. A guest's is
    what their token is for: the id of their cart, or of an order.
    """

    id: str
    groups: frozenset[str]
    is_guest: bool = False

    @property
    def is_operator(self) -> bool:
        return OPERATORS in self.groups

    @property
    def name(self) -> str:
        """Their name in the events that they cause."""
        return f"{'operator' if self.is_operator else 'customer'}:{self.id}"

    def may_see(self, order: Order) -> bool:
        return self.is_operator or self.id in (order.customer_id, order.id)


@dataclass(frozen=True)
class ApiRequest:
    """A request that conforms to the contract."""

    deps: Deps
    environ: Mapping[str, str]
    caller: Caller
    path: Mapping[str, str]
    arguments: Mapping[str, Any]
    """The values of the operation's parameters: members of the query string, and headers."""
    operation: contract.Operation
    content_type: str
    raw: bytes
    request_id: str

    @cached_property
    def body(self) -> Any:
        """The body's JSON value. Raises a problem unless it keeps to the contract."""
        return self.operation.body_of(self.raw, self.content_type)


RouteHandler = Callable[[ApiRequest], Response[str]]


class Service:
    """A Lambda handler of some of the contract's operations."""

    def __init__(self) -> None:
        self.handlers: dict[str, RouteHandler] = {}
        self.signed: set[str] = set()
        self._of_thread = threading.local()

    def route(self, key: str, *, is_signed: bool = False) -> Callable[[RouteHandler], RouteHandler]:
        """Register the handler of an operation by its key, such as ``GET /orders/{order_id}``.

        The handler of a signed request verifies the signature before it reads ``body``, which is validated only then:
        a caller that can't sign learns nothing of the contract.
        """

        def register(handler: RouteHandler) -> RouteHandler:
            self.handlers[key] = handler
            if is_signed:
                self.signed.add(key)
            return handler

        return register

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        from oms.adapters.wiring import deps

        return self.run(event, deps(), os.environ, context)

    def run(self, event: dict[str, Any], deps: Deps, environ: Mapping[str, str], context: Any = None) -> dict[str, Any]:
        # Powertools keeps the event on the resolver's class, where threads would overwrite each other's. So each thread
        # has its own resolver, with the event on the instance.
        if not hasattr(self._of_thread, "resolver"):
            self._of_thread.resolver = self._new_resolver()
        resolver: APIGatewayHttpResolver = self._of_thread.resolver
        resolver.current_event = APIGatewayProxyEventV2(event)
        resolver.context.update(deps=deps, environ=environ)
        response = resolver.resolve(event, context)
        _logger().info("answered", extra={**_log_fields(resolver.current_event), "status": response["statusCode"]})
        return response

    def load(self) -> None:
        """Import now what the first request would import."""
        import_module("api.validation")
        _logger()

    def _new_resolver(self) -> APIGatewayHttpResolver:
        resolver = APIGatewayHttpResolver()
        for key, handler in self.handlers.items():
            operation = contract.operations()[key]
            rule = operation.url_path.replace("{", "<").replace("}", ">")
            resolver.route(rule, operation.method)(_checked(resolver, key, handler, key in self.signed))
        resolver.exception_handler(Exception)(lambda error: _problem_response(resolver.current_event, error))
        resolver.not_found(lambda _: _problem_response(resolver.current_event, _no_such_route(resolver.current_event)))
        return resolver


def _checked(
    resolver: APIGatewayHttpResolver, key: str, handler: RouteHandler, is_signed: bool
) -> Callable[..., Response[str]]:
    """The handler behind the checks of the contract, as Powertools calls it."""

    def respond(**_: str) -> Response[str]:
        event = resolver.current_event
        operation = contract.operations()[key]
        deps, environ = resolver.context["deps"], resolver.context["environ"]
        headers = _lower_case(event.headers)
        if operation.guest:
            caller = _guest(operation.guest, headers, environ, deps.clock.now())
        else:
            caller = _caller(event, operation)
        request = ApiRequest(
            deps=deps,
            environ=environ,
            caller=caller,
            path=event.path_parameters,  # the resolver's own pattern loses a last newline
            arguments=operation.arguments(event.query_string_parameters or {}, headers),
            operation=operation,
            content_type=headers.get("content-type", ""),
            raw=_raw_body(event),
            request_id=request_id(event),
        )
        if not is_signed:
            _ = request.body  # validated before the handler does anything
        response = handler(request)
        response.headers.update({**security.HEADERS, **response.headers, "X-Correlation-Id": request.request_id})
        return response

    return respond


def _caller(event: APIGatewayProxyEventV2, operation: contract.Operation) -> Caller:
    """Raises a problem unless the caller may use the operation. API Gateway has verified the token, but not groups."""
    authorizer = event.request_context.get("authorizer") or {}
    claims = authorizer.get("jwt", {}).get("claims", {})
    caller = Caller(claims.get("sub", ""), _groups(claims.get("cognito:groups", "")))
    if operation.secured and not caller.id:
        raise Problem("unauthorized", 401, "sign in first: send Authorization: Bearer and a token")
    if operation.groups and not operation.groups & caller.groups:
        raise Problem("forbidden", 403, f"this is for {' or '.join(sorted(operation.groups))}")
    return caller


def _guest(kind: str, headers: Mapping[str, str], environ: Mapping[str, str], now: datetime) -> Caller:
    token = security.bearer_token(headers.get("authorization", ""))
    identity = guests.identity_in(kind, token, environ, now)
    if identity is None:
        challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"' if token else "Bearer"}
        detail = f"the token is missing, forged, expired, or not of a guest's {kind}"
        raise Problem("unauthorized", 401, detail, headers=challenge)
    return Caller(identity, frozenset(), is_guest=True)


def _groups(claim: str) -> frozenset[str]:
    """API Gateway writes a claim that is a list as ``[a b]``."""
    return frozenset(claim.removeprefix("[").removesuffix("]").split())


def _raw_body(event: APIGatewayProxyEventV2) -> bytes:
    body = event.body or ""
    return base64.b64decode(body) if event.is_base64_encoded else body.encode(errors="surrogatepass")


def _lower_case(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def request_id(event: APIGatewayProxyEventV2) -> str:
    """The caller's correlation id if it is fit for a log, otherwise the gateway's request id."""
    sent = _lower_case(event.headers).get("x-correlation-id", "")
    return sent if CORRELATION_ID.fullmatch(sent) else event.request_context.request_id


def json_response(status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response[str]:
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return Response(status, "application/json", text, {**(headers or {})})


def _problem_response(event: APIGatewayProxyEventV2, error: Exception) -> Response[str]:
    problem, correlation_id = problem_of(error), request_id(event)
    if problem.status >= 500:
        _log_error(event, error, problem)
    document = problem.document(event.raw_path, correlation_id)
    text = json.dumps(document, separators=(",", ":"))
    headers = {**security.HEADERS, **problem.headers, "X-Correlation-Id": correlation_id}
    return Response(problem.status, MEDIA_TYPE, text, headers)


def _no_such_route(event: APIGatewayProxyEventV2) -> Problem:
    return Problem("no-such-route", 404, f"there is no {event.request_context.http.method} {event.raw_path}"[:300])


def _log_fields(event: APIGatewayProxyEventV2) -> dict[str, Any]:
    """What the log says of a request: its ids and its route. Paths, queries and bodies hold personal data."""
    gateway_request_id = event.request_context.request_id
    return {"request_id": request_id(event), "gateway_request_id": gateway_request_id, "route": event.route_key}


def _log_error(event: APIGatewayProxyEventV2, error: Exception, problem: Problem) -> None:
    fields = {**_log_fields(event), "problem": problem.kind}
    defect = problem.kind == "internal-error"
    log = _logger().error if defect else _logger().warning
    log("%s: %s", type(error).__name__, error, exc_info=error if defect else None, extra=fields)


@cache
def _logger() -> Logger:
    from aws_lambda_powertools import Logger

    return Logger(service="order-api")
