"""The search of the catalogue, and suggestions while a shopper types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_lambda_powertools.event_handler import Response

from api import views
from api.runtime import ApiRequest, Service, json_response
from oms.domain.search import FACETS, FacetCount, Listing, Query, Sort

service = Service()


@service.route("GET /search")
def search(request: ApiRequest) -> Response[str]:
    arguments = request.arguments
    filters = {name: arguments[name] for name in FACETS if arguments[name] is not None}
    sort, limit, cursor = Sort(arguments["sort"]), arguments["limit"], arguments["cursor"]
    result = request.deps.search.find(Query(arguments["q"], filters, sort, limit, cursor))
    hits, facets = [_hit(hit) for hit in result.hits], _facets(result.facets)
    return json_response(200, {"items": hits, "total": result.total, "facets": facets, "cursor": result.cursor})


@service.route("GET /suggestions")
def suggest(request: ApiRequest) -> Response[str]:
    suggestions = request.deps.search.suggest(request.arguments["q"], request.arguments["limit"])
    return json_response(200, {"items": list(suggestions)})


def _hit(hit: Listing) -> dict[str, Any]:
    return {**views.product(hit.product), "in_stock": hit.in_stock}


def _facets(facets: Mapping[str, Sequence[FacetCount]]) -> dict[str, list[dict[str, Any]]]:
    return {name: [{"value": each.value, "count": each.count} for each in counts] for name, counts in facets.items()}
