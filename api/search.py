"""What shoppers find in the catalogue, and what they may be about to type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_lambda_powertools.event_handler import Response

from api import views
from api.runtime import Call, Service, json_answer
from oms.domain.search import FACETS, FacetCount, Listing, Query, Sort

handler = Service()


@handler.route("GET /search")
def search(call: Call) -> Response[str]:
    asked = call.arguments
    filters = {name: asked[name] for name in FACETS if asked[name] is not None}
    found = call.deps.search.find(Query(asked["q"], filters, Sort(asked["sort"]), asked["limit"], asked["cursor"]))
    told = {"items": [_hit(hit) for hit in found.hits], "total": found.total, "facets": _facets(found.facets)}
    return json_answer(200, {**told, "cursor": found.cursor})


@handler.route("GET /suggestions")
def suggest(call: Call) -> Response[str]:
    asked = call.arguments
    return json_answer(200, {"items": list(call.deps.search.suggest(asked["q"], asked["limit"]))})


def _hit(hit: Listing) -> dict[str, Any]:
    return {**views.product(hit.product), "in_stock": hit.in_stock}


def _facets(facets: Mapping[str, Sequence[FacetCount]]) -> dict[str, list[dict[str, Any]]]:
    return {name: [{"value": each.value, "count": each.count} for each in counts] for name, counts in facets.items()}
