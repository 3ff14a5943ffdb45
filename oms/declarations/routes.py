"""The API's routes, as the OpenAPI document ``api/openapi.yaml`` declares them. The caller parses its YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from oms.declarations.names import pascal

METHODS = ("get", "put", "post", "patch", "delete")


@dataclass(frozen=True)
class Route:
    """An operation of the API: which function answers it, and who may call it."""

    method: str
    path: str
    """As the contract writes it, below ``base_path``."""
    base_path: str
    function: str
    """The name of the Lambda function."""
    secured: bool
    """It takes a token of the user pool, which the gateway verifies."""
    scopes: frozenset[str]
    """The token must have one of these scopes, if there are any."""
    guest: str
    """What a guest's token must be for; empty if the route takes none."""
    groups: frozenset[str]
    """The caller must be in one of these groups, if there are any."""

    @property
    def key(self) -> str:
        """The route's name in the contract: ``GET /orders/{order_id}``."""
        return f"{self.method} {self.path}"

    @property
    def url_path(self) -> str:
        """The path that a client calls: ``/api/orders/{order_id}``."""
        return self.base_path + self.path

    @property
    def route_key(self) -> str:
        """API Gateway's name of the route: ``GET /api/orders/{order_id}``."""
        return f"{self.method} {self.url_path}"


def base_path(contract: Mapping[str, Any]) -> str:
    """The prefix of every path of the API, which the document states once, in ``servers``."""
    url: str = contract["servers"][0]["url"]
    return urlsplit(url).path.rstrip("/")


def routes(contract: Mapping[str, Any]) -> list[Route]:
    return [_route(contract, path, method, operation) for path, method, operation in operations(contract)]


def operations(contract: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Each operation of the document, with its path and its method."""
    for path, item in contract["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _route(contract: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]) -> Route:
    requirements = operation.get("security", contract["security"])
    schemes = [scheme for requirement in requirements for scheme in requirement]
    return Route(
        method=method.upper(),
        path=path,
        base_path=base_path(contract),
        function=function_name(operation["x-handler"]),
        secured="jwt" in schemes,
        scopes=frozenset(scope for requirement in requirements for scope in requirement.get("jwt", ())),
        guest=next((scheme.removeprefix("guest_") for scheme in schemes if scheme.startswith("guest_")), ""),
        groups=frozenset(operation.get("x-groups", ())),
    )


def function_name(module: str) -> str:
    """The name of the function whose code is a module of ``api``: ``PaymentEvents`` for ``api.payment_events``."""
    return pascal(module.removeprefix("api."))
