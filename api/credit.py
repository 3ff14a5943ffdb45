"""A shopper's own store credit: what they have, and every line that it comes from."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response

from api import views
from api.runtime import Call, Service, json_answer

handler = Service()


@handler.route("GET /credit")
def show_credit(call: Call) -> Response[str]:
    return json_answer(200, shown(call, call.caller.id, for_operator=False))


def shown(call: Call, customer_id: str, for_operator: bool) -> dict[str, object]:
    """The balances, and a page of the ledger, newest first."""
    page = call.deps.credit.entries(customer_id, call.arguments["limit"], call.arguments["cursor"])
    lines = views.page(page, lambda booked: views.credit_entry(booked, for_operator))
    return {"balances": views.balances(call.deps.credit.balances(customer_id)), **lines}
