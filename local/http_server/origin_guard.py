"""Which web pages may send requests to this machine's ports: checks of ``Host``, ``Origin`` and fetch metadata.

A browser lets any page send simple requests to 127.0.0.1, and a page whose host name resolves to 127.0.0.1 (DNS
rebinding) also reads the responses. Requests of other programs have neither ``Origin`` nor ``Sec-Fetch-Site``; only
their ``Host`` is checked.

https://developer.mozilla.org/en-US/docs/Glossary/Fetch_metadata_request_header
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

from api.problems import MEDIA_TYPE, Problem
from local.http_server.asgi import Message, Receive, Scope, Send, send_response

ORIGINS_VARIABLE, HOSTS_VARIABLE = "ALLOWED_ORIGINS", "ALLOWED_HOSTS"
EXAMINED = frozenset((b"host", b"origin", b"sec-fetch-site", b"sec-fetch-mode", b"sec-fetch-dest"))
HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(:[0-9]{1,5})?")
CORS_PREFIX, ALLOW_ORIGIN = b"access-control-", b"access-control-allow-origin"
MOST_CHARACTERS = 100
MOST_CACHED = 256

Headers = Iterable[tuple[bytes, bytes]]
App = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI app, whichever types it has for the messages."""

log = logging.getLogger(__name__)


class EveryPath(Container[str]):
    def __contains__(self, path: object) -> bool:
        return True


@dataclass(frozen=True)
class OriginPolicy:
    """The origins whose pages may send requests to a server, and the hosts by which it may be addressed.

    Args:
        origins: allowed beside the server's own origin.
        hosts: allowed beside those of the loopback range.
        linked_paths: what a link or an address bar of another site may open. A ``GET`` of it must change nothing.
    """

    origins: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    linked_paths: Container[str] = frozenset()

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], linked_paths: Container[str] = frozenset()) -> OriginPolicy:
        """The policy in the variables that the stack sets for each of its processes."""
        origins, hosts = (split_names(environ.get(variable, "")) for variable in (ORIGINS_VARIABLE, HOSTS_VARIABLE))
        return cls(frozenset(origins), frozenset(hosts), linked_paths)

    def refusal(self, method: str, path: str, headers: Headers) -> Problem | None:
        """The problem with a request, or None if it may pass. The headers' names are lower-case."""
        fields = _examined(headers)
        hosts, origins = fields.get("host", ()), fields.get("origin", ())
        if len(hosts) > 1 or (hosts and not self._is_allowed_host(hosts[0])):
            return _foreign("foreign-host", 421, "host", hosts, HOSTS_VARIABLE)
        if len(origins) > 1 or (origins and not self._is_allowed_origin(origins[0], hosts)):
            return _foreign("foreign-origin", 403, "origin", origins, "SITE_ORIGIN")
        site = fields.get("sec-fetch-site", ())
        if origins or set(site) <= {"same-origin", "none"} or self._is_link(method, path, fields):
            return None
        return Problem("foreign-origin", 403, "a page of another site may only link to the shop's pages")

    def allowed_origin(self, headers: Headers) -> str | None:
        """The origin of a request that may pass, if it names one."""
        origins = _examined(headers).get("origin", ())
        return origins[0] if origins else None

    def _is_allowed_host(self, host: str) -> bool:
        name = host_name(host)
        return name is not None and (_is_loopback(name) or name in self.hosts)

    def _is_allowed_origin(self, origin: str, hosts: Sequence[str]) -> bool:
        return origin in self.origins or any(origin == f"http://{host.lower()}" for host in hosts)

    def _is_link(self, method: str, path: str, fields: Mapping[str, Sequence[str]]) -> bool:
        """Whether a browser opens a page in a tab, as opposed to a frame, an image or a script of another page."""
        is_navigation = fields.get("sec-fetch-mode") == ["navigate"] and fields.get("sec-fetch-dest") == ["document"]
        return is_navigation and method == "GET" and path in self.linked_paths


def _examined(headers: Headers) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for name, value in headers:
        if name in EXAMINED:
            fields.setdefault(name.decode(), []).append(value.decode("latin-1"))
    return fields


def split_names(text: str) -> list[str]:
    """A setting's names, separated by commas, in lower case."""
    return [name.strip().lower() for name in text.split(",") if name.strip()]


@lru_cache(MOST_CACHED)
def _is_loopback(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):  # browsers never ask a DNS server for those
        return True
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def host_name(host: str) -> str | None:
    """The name in a ``Host`` header, without the port; None if it is malformed."""
    match = HOST.fullmatch(host.lower())
    return match[1] if match else None


def _foreign(kind: str, status: int, what: str, values: Sequence[str], variable: str) -> Problem:
    text = ", ".join(values)[:MOST_CHARACTERS]
    return Problem(kind, status, f"{text!r} is no {what} of this shop: the setting {variable} adds one")


def refusal_document(problem: Problem, path: str) -> bytes:
    log.warning("refused: %s", problem.detail)
    return json.dumps(problem.document(path, str(uuid.uuid4()))).encode()


class OriginGuard:
    """ASGI middleware that refuses what a policy refuses, and limits an app's CORS headers to allowed origins."""

    def __init__(self, app: App, policy: OriginPolicy) -> None:
        self._app, self._policy = app, policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        problem = self._policy.refusal(scope.get("method", "GET"), scope["path"], scope["headers"])
        if problem is None:
            await self._app(scope, receive, self._limit_cors(scope, send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": problem.title})
        else:
            document = refusal_document(problem, scope["path"])
            await send_response(send, problem.status, [("content-type", MEDIA_TYPE)], document)

    def _limit_cors(self, scope: Scope, send: Send) -> Send:
        def send_limited(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message["headers"] = self._limited(message.get("headers", ()), scope)
            return send(message)

        return send_limited

    def _limited(self, headers: Headers, scope: Scope) -> list[tuple[bytes, bytes]]:
        """The headers with the request's origin for any origin that the app allows, or without CORS headers."""
        fields = [(name.lower(), value) for name, value in headers]
        if not any(name.startswith(CORS_PREFIX) for name, _ in fields):
            return fields
        vary = [] if any(name == b"vary" for name, _ in fields) else [(b"vary", b"Origin")]
        origin = self._policy.allowed_origin(scope["headers"])
        if origin is None:
            return [field for field in fields if not field[0].startswith(CORS_PREFIX)] + vary
        allowed = origin.encode("latin-1")
        return [(name, allowed if name == ALLOW_ORIGIN else value) for name, value in fields] + vary
