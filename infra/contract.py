"""The OpenAPI document, parsed, and what the edge needs of it."""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml

from oms.declarations import functions, routes
from oms.declarations.files import ROOT
from oms.declarations.functions import FunctionDeclaration
from oms.declarations.routes import Route


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "api/openapi.yaml").read_text())
    return document


def base_path() -> str:
    """The prefix of every path of the API."""
    return routes.base_path(_document())


@cache
def api_routes() -> tuple[Route, ...]:
    return tuple(routes.routes(_document()))


@cache
def service_functions() -> dict[str, FunctionDeclaration]:
    """The API's functions, by name."""
    return functions.service_functions(_document())
