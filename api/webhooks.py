"""What the carrier says of a parcel: checked, and passed on to the executions that wait for it.

A callback that comes twice, or late, changes nothing. One that comes before anything waits is refused, so that the
carrier says it again.
"""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response

from api.parcels import say
from api.runtime import Call, Service, json_answer
from api.signatures import verify
from oms.adapters import wiring

handler = Service()


@handler.route("POST /webhooks/carrier")
def receive_carrier_callback(call: Call) -> Response[str]:
    word = call.body
    secret = wiring.signing_key("CARRIER_SECRET", call.environ)
    verify(call.arguments["Carrier-Signature"], call.raw, secret, call.deps.clock.now())
    say(call.deps, word)
    return json_answer(200, {"order_id": word["order_id"]})
