"""The carrier's webhook: verifies a request, and delivers its event to the executions that wait for it.

An event that comes twice, or late, changes nothing. One that comes before anything waits for it is refused, so that the
carrier sends it again.
"""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response

from api.carrier_events import deliver_carrier_event
from api.runtime import ApiRequest, Service, json_response
from oms.adapters import wiring
from oms.adapters.webhook_signatures import verify_signature
from oms.declarations.environment import CARRIER_SECRET

service = Service()


@service.route("POST /webhooks/carrier", is_signed=True)
def receive_carrier_callback(request: ApiRequest) -> Response[str]:
    secret = wiring.signing_key(CARRIER_SECRET, request.environ)
    verify_signature(request.arguments["Carrier-Signature"], request.raw, secret, request.deps.clock.now())
    deliver_carrier_event(request.deps, request.body)
    return json_response(200, {"order_id": request.body["order_id"]})
