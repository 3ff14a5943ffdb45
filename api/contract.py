"""The contract as handlers and the local gateway use it: ``openapi.yaml`` read once, its schemas compiled once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from api.problems import Complaint, Problem, invalid, too_large

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

PATH = Path(__file__).parent / "openapi.yaml"
METHODS = ("get", "put", "post", "delete", "patch")
WHOLE_NUMBER = re.compile(r"-?[0-9]{1,9}")


@dataclass(frozen=True)
class Parameter:
    """A query string's member, or a header."""

    name: str
    place: str
    required: bool
    schema: Mapping[str, Any]

    @cached_property
    def validator(self) -> Validator:
        from api.checking import compiled

        return compiled(self.schema)

    def of(self, given: Mapping[str, str]) -> Any:
        """Its value in a request, or its default. Raises a problem where it is missing or not of its schema."""
        from api.checking import check

        where = f"{self.place}/{self.name}"
        text = given.get(self.name.lower() if self.place == "header" else self.name)
        if text is None and self.required:
            raise invalid(Complaint(where, "is missing"))
        if text is None:
            return self.schema.get("default")
        whole = self.schema["type"] == "integer" and WHOLE_NUMBER.fullmatch(text)
        value = int(text) if whole else text
        check(self.validator, value, where)
        return value


@dataclass(frozen=True)
class Operation:
    """One route: who answers it, who may ask, and what for."""

    method: str
    path: str
    """As the contract writes it, below ``base_path``."""
    base_path: str
    handler: str
    secured: bool
    """Takes a token of the user pool, which the gateway verifies."""
    scopes: frozenset[str]
    """That token must be for one of these, where there are any."""
    guest: str
    """What a guest's token must be for; empty where it takes none."""
    groups: frozenset[str]
    parameters: tuple[Parameter, ...]
    body: Mapping[str, Any] | None
    body_required: bool
    most_bytes: int

    @property
    def key(self) -> str:
        """The operation's name in the contract: ``GET /orders/{order_id}``."""
        return f"{self.method} {self.path}"

    @property
    def url_path(self) -> str:
        """The path that a client calls: ``/api/orders/{order_id}``."""
        return self.base_path + self.path

    @property
    def route_key(self) -> str:
        """As API Gateway names the route: ``GET /api/orders/{order_id}``."""
        return f"{self.method} {self.url_path}"

    @cached_property
    def _validator(self) -> Validator:
        from api.checking import compiled

        assert self.body is not None
        return compiled(self.body)

    def arguments(self, query: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
        """Raises a problem for a query that it doesn't know, too: a misspelt one would be overlooked."""
        known = {each.name for each in self.parameters if each.place == "query"}
        if known and (unknown := sorted(query.keys() - known)):
            what = f"isn't known here: there are {', '.join(sorted(known))}"
            raise invalid(*(Complaint(f"query/{name[:60]}", what) for name in unknown[:10]))
        return {each.name: each.of(query if each.place == "query" else headers) for each in self.parameters}

    def body_of(self, raw: bytes, content_type: str) -> Any:
        """The body's JSON value; an empty object where none is sent and none is needed."""
        from api.checking import check, parsed

        if self.body is None:
            return None
        if len(raw) > self.most_bytes:
            raise too_large(self.most_bytes)
        if not raw and not self.body_required:
            return {}
        media_type = content_type.partition(";")[0].strip().lower()
        if media_type != "application/json":
            sent = media_type[:100] or "of no type"
            raise Problem("unsupported-media-type", 415, f"the body is {sent}: send application/json")
        value = parsed(raw)
        check(self._validator, value, "body")
        return value


@cache
def document() -> dict[str, Any]:
    """The contract as it is written."""
    import yaml

    text = PATH.read_bytes()
    contract: dict[str, Any] = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return contract


@cache
def base_path() -> str:
    """The prefix of every path of the API, stated once in the contract's ``servers``."""
    url: str = document()["servers"][0]["url"]
    return urlsplit(url).path.rstrip("/")


@cache
def operations() -> Mapping[str, Operation]:
    """Each operation by its key."""
    return {operation.key: operation for operation in _operations(document())}


def _operations(contract: dict[str, Any]) -> Iterator[Operation]:
    for path, item in contract["paths"].items():
        for method in METHODS:
            if method in item:
                yield _operation(contract, path, method, item)


def _operation(contract: dict[str, Any], path: str, method: str, item: dict[str, Any]) -> Operation:
    said = item[method]
    parameters = [inlined(contract, each) for each in (*item.get("parameters", ()), *said.get("parameters", ()))]
    body = said.get("requestBody")
    security = said.get("security", contract["security"])
    schemes = [scheme for each in security for scheme in each]
    return Operation(
        method=method.upper(),
        path=path,
        base_path=base_path(),
        handler=said["x-handler"],
        secured="jwt" in schemes,
        scopes=frozenset(scope for each in security for scope in each.get("jwt", ())),
        guest=next((scheme.removeprefix("guest_") for scheme in schemes if scheme.startswith("guest_")), ""),
        groups=frozenset(said.get("x-groups", ())),
        parameters=tuple(
            Parameter(each["name"], each["in"], each.get("required", False), each["schema"])
            for each in parameters
            if each["in"] in ("query", "header")
        ),
        body=inlined(contract, body["content"]["application/json"]["schema"]) if body else None,
        body_required=bool(body and body["required"]),
        most_bytes=contract["x-max-body-bytes"],
    )


def inlined(contract: dict[str, Any], part: Any) -> Any:
    """The part with what its references point at in their place: following them at each check costs more."""
    if isinstance(part, list):
        return [inlined(contract, each) for each in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        beside = {name: value for name, value in part.items() if name != "$ref"}
        return {**inlined(contract, _at(contract, part["$ref"])), **beside}
    return {name: inlined(contract, value) for name, value in part.items()}


def _at(contract: dict[str, Any], reference: str) -> Any:
    found: Any = contract
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return found
