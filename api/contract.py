"""The contract ``openapi.yaml`` for the handlers and the local gateway: read once, its schemas compiled once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from api.problems import Complaint, Problem, invalid, too_large
from oms.declarations import functions, routes
from oms.declarations.files import ROOT
from oms.declarations.functions import FunctionDeclaration
from oms.declarations.limits import REQUEST_BODY_BYTES
from oms.declarations.routes import Route

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

PATH = ROOT / "api" / "openapi.yaml"
WHOLE_NUMBER = re.compile(r"-?[0-9]{1,9}")


@dataclass(frozen=True)
class Parameter:
    """A parameter of an operation: a member of the query string, or a header."""

    name: str
    place: str
    required: bool
    schema: Mapping[str, Any]

    @cached_property
    def validator(self) -> Validator:
        from api.validation import compile_schema

        return compile_schema(self.schema)

    def value_in(self, texts: Mapping[str, str]) -> Any:
        """Its value in a request's query or headers, or its default. Raises a problem if it is missing or invalid."""
        from api.validation import check_value

        where = f"{self.place}/{self.name}"
        text = texts.get(self.name.lower() if self.place == "header" else self.name)
        if text is None and self.required:
            raise invalid(Complaint(where, "is missing"))
        if text is None:
            return self.schema.get("default")
        whole = self.schema["type"] == "integer" and WHOLE_NUMBER.fullmatch(text)
        value = int(text) if whole else text
        check_value(self.validator, value, where)
        return value


@dataclass(frozen=True)
class Operation(Route):
    """A route, with what a request to it must hold."""

    parameters: tuple[Parameter, ...]
    body: Mapping[str, Any] | None
    body_required: bool
    most_bytes: int

    @cached_property
    def _validator(self) -> Validator:
        from api.validation import compile_schema

        assert self.body is not None
        return compile_schema(self.body)

    def arguments(self, query: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
        """The values of the parameters. Raises a problem for an unknown one too: a misspelt one would be overlooked."""
        names = {each.name for each in self.parameters if each.place == "query"}
        if names and (unknown := sorted(query.keys() - names)):
            what = f"isn't known here: there are {', '.join(sorted(names))}"
            raise invalid(*(Complaint(f"query/{name[:60]}", what) for name in unknown[:10]))
        return {each.name: each.value_in(query if each.place == "query" else headers) for each in self.parameters}

    def body_of(self, raw: bytes, content_type: str) -> Any:
        """The body's JSON value; an empty object if none is sent and none is required. Raises a problem."""
        from api.validation import check_value, parse_json

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
        value = parse_json(raw)
        check_value(self._validator, value, "body")
        return value


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document."""
    import yaml

    text = PATH.read_bytes()
    contract: dict[str, Any] = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return contract


@cache
def base_path() -> str:
    """The prefix of every path of the API."""
    return routes.base_path(document())


@cache
def service_functions() -> Mapping[str, FunctionDeclaration]:
    """The API's functions, by name."""
    return functions.service_functions(document())


@cache
def operations() -> Mapping[str, Operation]:
    """The operations, by the keys of their routes."""
    return {route.key: _operation(document(), route) for route in routes.routes(document())}


def _operation(contract: dict[str, Any], route: Route) -> Operation:
    item = contract["paths"][route.path]
    operation = item[route.method.lower()]
    parameters = [inlined(contract, each) for each in (*item.get("parameters", ()), *operation.get("parameters", ()))]
    body = operation.get("requestBody")
    return Operation(
        **vars(route),
        parameters=tuple(
            Parameter(each["name"], each["in"], each.get("required", False), each["schema"])
            for each in parameters
            if each["in"] in ("query", "header")
        ),
        body=inlined(contract, body["content"]["application/json"]["schema"]) if body else None,
        body_required=bool(body and body["required"]),
        most_bytes=REQUEST_BODY_BYTES,
    )


def inlined(contract: dict[str, Any], part: Any) -> Any:
    """The part with each reference replaced by its target: following references at each check costs more."""
    if isinstance(part, list):
        return [inlined(contract, each) for each in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        beside = {name: value for name, value in part.items() if name != "$ref"}
        return {**inlined(contract, _target(contract, part["$ref"])), **beside}
    return {name: inlined(contract, value) for name, value in part.items()}


def _target(contract: dict[str, Any], reference: str) -> Any:
    target: Any = contract
    for name in reference.removeprefix("#/").split("/"):
        target = target[name]
    return target
