"""Events that an HTTP API passes to a Lambda function, and responses from what it returns: payload format 2.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from local.aws.names import ACCOUNT
from local.gateway.tokens import Claims

TEXT = ("text/", "application/json", "application/javascript", "application/xml")

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class GatewayRequest:
    """The parts of an HTTP request that an event holds. Header names are lower-case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    source_ip: str
    protocol: str
    body: bytes
    request_id: str


@dataclass(frozen=True, slots=True)
class GatewayResponse:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def joined_headers(headers: Headers) -> dict[str, str]:
    """Headers by name. The values of a repeated header are joined by commas."""
    by_name: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        by_name[name] = f"{by_name[name]},{value}" if name in by_name else value
    return by_name


def event_of(
    request: GatewayRequest,
    route_key: str,
    path_parameters: Mapping[str, str],
    claims: Claims | None,
    scopes: Collection[str] = (),
) -> dict[str, Any]:
    headers = dict(request.headers)
    cookies = headers.pop("cookie", "")
    body, is_base64 = _body(request.body, headers.get("content-type", ""))
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": _context(request, route_key, claims, scopes),
        "isBase64Encoded": is_base64,
    }
    present = {
        "cookies": [cookie.strip() for cookie in cookies.split(";")] if cookies else None,
        "queryStringParameters": _query(request.query),
        "pathParameters": dict(path_parameters),
        "body": body,
    }
    return event | {name: value for name, value in present.items() if value}


def _context(request: GatewayRequest, route_key: str, claims: Claims | None, scopes: Collection[str]) -> dict[str, Any]:
    now = time.time()
    domain = request.headers.get("host", "localhost")
    context: dict[str, Any] = {
        "accountId": ACCOUNT,
        "apiId": "local",
        "domainName": domain,
        "domainPrefix": domain.partition(".")[0],
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": request.protocol,
            "sourceIp": request.source_ip,
            "userAgent": request.headers.get("user-agent", ""),
        },
        "requestId": request.request_id,
        "routeKey": route_key,
        "stage": "$default",
        "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "timeEpoch": round(now * 1000),
    }
    if claims is not None:
        texts = {name: _claim(value) for name, value in claims.items()}
        context["authorizer"] = {"jwt": {"claims": texts, "scopes": sorted(scopes) or None}}
    return context


def _claim(value: Any) -> str:
    """A claim as API Gateway passes it: always a text, a list as ``[a b]``."""
    match value:
        case str():
            return value
        case list():
            return f"[{' '.join(map(str, value))}]"
    return json.dumps(value)


def _query(query: str) -> dict[str, str]:
    members: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        members[name] = f"{members[name]},{value}" if name in members else value
    return members


def _body(body: bytes, content_type: str) -> tuple[str, bool]:
    if content_type.startswith(TEXT):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), bool(body)


def response_of(result: Any) -> GatewayResponse:
    """The response for what a function returned. A result without a status is the body of a 200."""
    if not isinstance(result, dict) or "statusCode" not in result:
        return GatewayResponse(200, (("content-type", "application/json"),), json.dumps(result).encode())
    text = result.get("body") or ""
    body = base64.b64decode(text) if result.get("isBase64Encoded") else text.encode()
    headers = [(name.lower(), str(value)) for name, value in result.get("headers", {}).items()]
    headers += [("set-cookie", cookie) for cookie in result.get("cookies", ())]
    return GatewayResponse(int(result["statusCode"]), tuple(headers), body)


def new_request_id() -> str:
    return str(uuid.uuid4())
