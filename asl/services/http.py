"""Tasks that call an HTTP endpoint: ``apigateway:invoke`` and ``http:invoke``.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-api-gateway.html
https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html
"""

from __future__ import annotations

import http.client
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from asl.language.errors import StatesError
from asl.services.errors import missing_fields, rejected_parameters
from asl.services.functions import parse_payload
from asl.services.shapes import compact_json

TIMEOUT_SECONDS = 60
REQUIRED = ("ApiEndpoint", "Method")


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """An HTTP request with an absolute URL; `body` is None if it has none."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An HTTP response; a header may have several values."""

    status: int
    reason: str
    headers: dict[str, list[str]]
    body: str


Transport = Callable[[HttpRequest], HttpResponse]


def send_request(request: HttpRequest) -> HttpResponse:
    """Send a request over the network. Raises OSError if there is no response."""
    url = urlsplit(request.url)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.netloc, timeout=TIMEOUT_SECONDS)
    try:
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        connection.request(request.method, target, request.body and request.body.encode(), request.headers)
        response = connection.getresponse()
        headers: dict[str, list[str]] = {}
        for name, value in response.getheaders():
            headers.setdefault(name, []).append(value)
        return HttpResponse(response.status, response.reason, headers, response.read().decode("utf-8", "replace"))
    finally:
        connection.close()


def call_apigateway(transport: Transport, parameters: Any) -> Any:
    """Run an ``arn:aws:states:::apigateway:invoke`` task. An error status raises ``ApiGateway.<status>``."""
    _check_parameters(parameters)
    path = "/".join(str(parameters[part]).strip("/") for part in ("Stage", "Path") if parameters.get(part))
    url = f"https://{parameters['ApiEndpoint']}/{quote(path)}" + _query(parameters.get("QueryParameters"))
    body = parameters.get("RequestBody")
    text = None if body is None else compact_json(body)
    request = HttpRequest(parameters["Method"], url, _json_headers(_headers(parameters), body), text)
    try:
        response = transport(request)
    except OSError as error:
        raise StatesError("ApiGateway.SdkClientException", str(error)) from error
    if response.status >= 400:
        raise StatesError(f"ApiGateway.{response.status}", response.body)
    return _result(response)


def call_http(transport: Transport, connections: Mapping[str, Mapping[str, str]], parameters: Any) -> Any:
    """Run an ``arn:aws:states:::http:invoke`` task; `connections` has the headers of EventBridge connections."""
    _check_parameters(parameters)
    arn = (parameters.get("Authentication") or parameters.get("InvocationConfig") or {}).get("ConnectionArn")
    headers = _headers(parameters) | dict(connections.get(arn or "", {}))
    body = parameters.get("RequestBody")
    encoding = (parameters.get("Transform") or {}).get("RequestBodyEncoding", "NONE")
    text: str | None = None
    if body is not None and encoding == "URL_ENCODED":
        text = urlencode(body, doseq=True)
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    elif body is not None:
        text = compact_json(body)
        headers = _json_headers(headers, body)
    url = parameters["ApiEndpoint"] + _query(parameters.get("QueryParameters"))
    request = HttpRequest(parameters["Method"], url, headers, text)
    try:
        response = transport(request)
    except OSError as error:
        raise StatesError("States.Http.Socket", str(error)) from error
    if response.status >= 300:
        raise StatesError(f"States.Http.StatusCode.{response.status}", response.body)
    return _result(response)


def _result(response: HttpResponse) -> dict[str, Any]:
    body = parse_payload(response.body) if response.body else ""
    return {
        "Headers": response.headers,
        "ResponseBody": body,
        "StatusCode": response.status,
        "StatusText": response.reason,
    }


def _check_parameters(parameters: Any) -> None:
    fields = parameters if isinstance(parameters, dict) else {}
    if missing := [name for name in REQUIRED if not fields.get(name)]:
        raise missing_fields(parameters, missing)
    query = fields.get("QueryParameters")
    if query is not None and not isinstance(query, dict):
        raise rejected_parameters(parameters, ["The value of the field 'QueryParameters' has an invalid format"])


def _query(parameters: dict[str, Any] | None) -> str:
    return "?" + urlencode(parameters, doseq=True) if parameters else ""


def _headers(parameters: dict[str, Any]) -> dict[str, str]:
    headers = parameters.get("Headers") or {}
    return {
        name: ",".join(map(str, value)) if isinstance(value, list) else str(value) for name, value in headers.items()
    }


def _json_headers(headers: dict[str, str], body: Any) -> dict[str, str]:
    has_type = any(name.lower() == "content-type" for name in headers)
    return headers if body is None or has_type else headers | {"Content-Type": "application/json"}
