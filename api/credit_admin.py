"""Store credit as operators see it and grant it: each grant a line of the shopper's ledger, with its author and why."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response

from api import views
from api.credit import shown
from api.identifiers import KEY, customer, grant_id, reused
from api.runtime import Call, Service, json_answer
from oms.domain.credit import grant
from oms.domain.money import Money

handler = Service()


@handler.route("GET /customers/{customer_id}/credit")
def show_credit_of_customer(call: Call) -> Response[str]:
    return json_answer(200, shown(call, customer(call.path["customer_id"]), for_operator=True))


@handler.route("POST /customers/{customer_id}/credit")
def grant_credit(call: Call) -> Response[str]:
    customer_id, body, deps = call.path["customer_id"], call.body, call.deps
    effect_id = grant_id(call.caller.id, customer_id, call.arguments[KEY])
    entry = grant(effect_id, customer_id, Money(body["amount_minor"], body["currency"]), body["reason"])
    is_new = deps.credit.grant(entry, deps.clock.now(), call.caller.name)
    booked = deps.credit.get(customer_id, effect_id)
    if booked is None or booked.entry != entry:
        raise reused()
    balances = views.balances(deps.credit.balances(customer_id))
    return json_answer(201 if is_new else 200, {"balances": balances, "entry": views.credit_entry(booked, True)})
