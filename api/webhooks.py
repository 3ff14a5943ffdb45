"""What the carrier says of a parcel: checked, and passed on to the executions that wait for it.

A callback that comes twice, or late, changes nothing. One that comes before anything waits is refused, so that the
carrier says it again.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.event_handler import Response

from api.problems import RETRY_AFTER_SECONDS, Complaint, Problem, invalid
from api.runtime import Call, Service, json_answer
from api.signatures import verify
from oms.adapters import wiring
from oms.callbacks import pass_on
from oms.domain import returns
from oms.domain.errors import UnexpectedState
from oms.ports import Deps

handler = Service()


@handler.route("POST /webhooks/carrier")
def receive_carrier_callback(call: Call) -> Response[str]:
    word = call.body
    secret = wiring.secret("CARRIER_SECRET", call.environ)
    verify(call.arguments["Carrier-Signature"], call.raw, secret, call.deps.clock.now())
    if word["type"] == "return.received":
        _check_parcel(call.deps, word)
    if not pass_on(call.deps, word):
        detail = f"order {word['order_id']} doesn't wait for {word['type']} yet: say it again later"
        raise Problem("nothing-waits", 409, detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    return json_answer(200, {"order_id": word["order_id"]})


def _check_parcel(deps: Deps, word: dict[str, Any]) -> None:
    """Refuse a parcel that can't be inspected, before an execution stumbles over it."""
    try:
        returns.inspect(deps.orders.get(word["order_id"]), word["return_id"], word["units"])
    except UnexpectedState as error:
        raise invalid(Complaint("body/units", f"can't be: {error}")) from None
