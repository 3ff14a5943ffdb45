"""Letting parked orders go on: what a redrive would do first, then the redrive, of one order or of all at a pace.

What a check parked, and no redrive can mend, is settled by hand.

On AWS this function may redrive and begin executions; those that only look may not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from aws_lambda_powertools.event_handler import Response

from api import views
from api.etags import check_unchanged
from api.identifiers import ORDER_ID
from api.problems import Complaint, invalid
from api.runtime import Call, Service, json_answer
from oms.application.commit import commit
from oms.application.recovery import redrive
from oms.application.recovery.redrive import Pace, RedriveResult
from oms.application.recovery.redrive_preview import preview_redrive
from oms.domain import parking
from oms.domain.errors import OrderNotFound
from oms.domain.order import Order
from oms.ports import Deps

handler = Service()


@handler.route("GET /orders/{order_id}/redrive")
def plan_redrive(call: Call) -> Response[str]:
    return json_answer(200, _planned(call.deps, _order(call)))


@handler.route("POST /orders/{order_id}/redrive")
def redrive_order(call: Call) -> Response[str]:
    done = redrive.redrive_order(call.deps, _order(call), call.caller.name, call.body["reason"])
    return json_answer(200, {"executions": _told(done)})


@handler.route("POST /orders/{order_id}/settlement")
def settle_discrepancy(call: Call) -> Response[str]:
    """The record alone is closed: what its books say of money and stock stays."""
    order, check, reason = _order(call), call.body["check"], call.body["reason"]
    if call.arguments["If-Match"] is not None:
        check_unchanged(call, views.order(order, call.deps.orders.events(order.id), for_operator=True))
    after = commit(
        call.deps, order.id, call.caller.name, lambda order: parking.accept_discrepancy(order, check, reason)
    )
    told = {"order_id": order.id, "check": check, "found": after.accepted[check], "parked": bool(after.parked)}
    return json_answer(200, told)


@handler.route("GET /redrives")
def plan_redrives(call: Call) -> Response[str]:
    asked = call.arguments
    page = call.deps.orders.in_queue("parked", asked["limit"], asked["cursor"])
    return json_answer(200, views.page(page, lambda order: _planned(call.deps, order)))


@handler.route("POST /redrives")
def redrive_orders(call: Call) -> Response[str]:
    body = call.body
    before = _moment(body["before"]) if "before" in body else call.deps.clock.now()
    pace = Pace(body.get("limit", 25), body.get("per_second", 5))
    batch = redrive.redrive_parked_orders(call.deps, call.caller.name, body["reason"], before, pace, body.get("cursor"))
    told = {"items": _told(batch.results), "before": before.isoformat(), "cursor": batch.cursor}
    return json_answer(200, told)


def _planned(deps: Deps, order: Order) -> dict[str, Any]:
    plans = [asdict(plan) for plan in preview_redrive(deps, order)]
    return {"order_id": order.id, "plans": plans}


def _told(done: Sequence[RedriveResult]) -> list[dict[str, Any]]:
    return [asdict(each) for each in done]


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid(Complaint("body/before", f"is no moment: {error}")) from None


def _order(call: Call) -> Order:
    order_id = call.path["order_id"]
    if not ORDER_ID.fullmatch(order_id):
        raise OrderNotFound(f"there is no order {order_id[:60]}")
    return call.deps.orders.get(order_id)
