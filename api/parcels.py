"""What a carrier, or a person in its stead, says of a parcel, passed on to the executions that wait for it."""

from __future__ import annotations

from typing import Any

from api.problems import RETRY_AFTER_SECONDS, Complaint, Problem, invalid
from oms.adapters.metrics import count
from oms.application.webhooks.carrier_events import CallbackResult, handle_carrier_event
from oms.domain import returns
from oms.domain.errors import UnexpectedState
from oms.ports import Deps


def say(deps: Deps, word: dict[str, Any]) -> None:
    """Raise a problem where nothing waits for it yet, or where it is a parcel that can't be inspected.

    Where it comes too late and parks the order, that is counted as a task counts it: it alarms.
    """
    if word["type"] == "return.received":
        check_parcel(deps, word)
    fate = handle_carrier_event(deps, word)
    if fate is CallbackResult.PARKED:
        count("OrderParked")
    if fate is CallbackResult.TOO_EARLY:
        detail = f"order {word['order_id']} doesn't wait for {word['type']} yet: say it again later"
        raise Problem("nothing-waits", 409, detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def check_parcel(deps: Deps, word: dict[str, Any]) -> None:
    """Refuse what can't be inspected, before an execution stumbles over it."""
    try:
        returns.inspect(deps.orders.get(word["order_id"]), word["return_id"], word["units"])
    except UnexpectedState as error:
        raise invalid(Complaint("body/units", f"can't be: {error}")) from None
