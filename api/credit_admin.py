"""Store credit for operators: they read any shopper's, and grant some. A grant's ledger entry has author and reason."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response

from api import views
from api.credit import credit_view
from api.identifiers import KEY, checked_customer_id, grant_id, key_reused
from api.runtime import ApiRequest, Service, json_response
from oms.domain.credit import grant
from oms.domain.money import Money

service = Service()


@service.route("GET /customers/{customer_id}/credit")
def show_credit_of_customer(request: ApiRequest) -> Response[str]:
    return json_response(200, credit_view(request, checked_customer_id(request.path["customer_id"]), for_operator=True))


@service.route("POST /customers/{customer_id}/credit")
def grant_credit(request: ApiRequest) -> Response[str]:
    customer_id, body, deps = request.path["customer_id"], request.body, request.deps
    effect_id = grant_id(request.caller.id, customer_id, request.arguments[KEY])
    entry = grant(effect_id, customer_id, Money(body["amount_minor"], body["currency"]), body["reason"])
    is_new = deps.credit.grant(entry, deps.clock.now(), request.caller.name)
    booked = deps.credit.get(customer_id, effect_id)
    if booked is None or booked.entry != entry:
        raise key_reused()
    balances = views.balances(deps.credit.balances(customer_id))
    return json_response(201 if is_new else 200, {"balances": balances, "entry": views.credit_entry(booked, True)})
