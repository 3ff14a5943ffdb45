"""A shopper's own store credit: the balances, and the entries of the ledger."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response

from api import views
from api.runtime import ApiRequest, Service, json_response

service = Service()


@service.route("GET /credit")
def show_credit(request: ApiRequest) -> Response[str]:
    return json_response(200, credit_view(request, request.caller.id, for_operator=False))


def credit_view(request: ApiRequest, customer_id: str, for_operator: bool) -> dict[str, object]:
    """The balances, and a page of the ledger, newest first."""
    page = request.deps.credit.entries(customer_id, request.arguments["limit"], request.arguments["cursor"])
    entries = views.page(page, lambda booked: views.credit_entry(booked, for_operator))
    return {"balances": views.balances(request.deps.credit.balances(customer_id)), **entries}
