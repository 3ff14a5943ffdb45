"""What the payment gateway has to say: checked, and held against the order that it is about.

An event that comes twice, late or out of turn changes nothing more: what is done follows from the order's own state.
"""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response

from api.runtime import Call, Service, json_answer
from api.signatures import verify
from oms.adapters import wiring
from oms.application.webhooks.payment_events import hear

handler = Service()


@handler.route("POST /webhooks/payments")
def receive_payment_event(call: Call) -> Response[str]:
    event = call.body
    secret = wiring.signing_key("PAYMENTS_SECRET", call.environ)
    verify(call.arguments["Stripe-Signature"], call.raw, secret, call.deps.clock.now())
    hear(call.deps, event["id"], event["type"], event["data"]["object"], call.request_id)
    return json_answer(200, {"id": event["id"]})
