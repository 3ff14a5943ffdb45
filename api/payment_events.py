"""The webhook of the payment provider: verifies a request, and applies its event to the order.

An event that comes twice, late or out of order changes nothing more: its effect follows from the order's own state.
"""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response

from api.runtime import ApiRequest, Service, json_response
from oms.adapters import wiring
from oms.application.webhooks.payment_events import apply_payment_event

service = Service()


@service.route("POST /webhooks/payments", is_signed=True)
def receive_payment_event(request: ApiRequest) -> Response[str]:
    wiring.verify_payment_webhook(request.arguments, request.raw, request.deps.clock.now(), request.environ)
    event = wiring.payment_event(request.body)
    if event is not None:
        apply_payment_event(request.deps, event, request.request_id)
    return json_response(200, {"id": request.body["id"]})
