"""Carrier events, from the carrier or an operator, delivered to the executions that wait for them."""

from __future__ import annotations

from typing import Any

from api.problems import RETRY_AFTER_SECONDS, Complaint, Problem, invalid
from oms.adapters.metrics import count
from oms.application.webhooks.carrier_events import CallbackResult, handle_carrier_event
from oms.domain import returns
from oms.domain.errors import UnexpectedState
from oms.ports import Deps


def deliver_carrier_event(deps: Deps, event: dict[str, Any]) -> None:
    """Raises a problem if nothing waits for the event yet, or if it reports a parcel that can't be inspected.

    An event that comes too late and parks its order is counted, which alarms.
    """
    if event["type"] == "return.received":
        check_parcel(deps, event)
    result = handle_carrier_event(deps, event)
    if result is CallbackResult.PARKED:
        count("OrderParked")
    if result is CallbackResult.TOO_EARLY:
        detail = f"order {event['order_id']} doesn't wait for {event['type']} yet: say it again later"
        raise Problem("nothing-waits", 409, detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def check_parcel(deps: Deps, event: dict[str, Any]) -> None:
    """Raises a problem for a parcel that can't be inspected, before an execution fails on it."""
    try:
        returns.inspect(deps.orders.get(event["order_id"]), event["return_id"], event["units"])
    except UnexpectedState as error:
        raise invalid(Complaint("body/units", f"can't be: {error}")) from None
