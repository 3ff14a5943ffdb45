"""Redrives of parked orders: the preview of a redrive, and the redrive itself, of one order or of all at a pace.

A discrepancy that a check parked, and no redrive can repair, is settled by hand. On AWS only this function of the API
may redrive executions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from aws_lambda_powertools.event_handler import Response

from api import views
from api.etags import check_precondition
from api.identifiers import ORDER_ID
from api.problems import Complaint, invalid
from api.runtime import ApiRequest, Service, json_response
from oms.application.commit import commit
from oms.application.recovery import redrive
from oms.application.recovery.redrive import Pace, RedriveResult
from oms.application.recovery.redrive_preview import preview_redrive
from oms.domain import parking
from oms.domain.errors import OrderNotFound
from oms.domain.order import Order
from oms.ports import Deps

service = Service()


@service.route("GET /orders/{order_id}/redrive")
def plan_redrive(request: ApiRequest) -> Response[str]:
    return json_response(200, _planned(request.deps, _order(request)))


@service.route("POST /orders/{order_id}/redrive")
def redrive_order(request: ApiRequest) -> Response[str]:
    done = redrive.redrive_order(request.deps, _order(request), request.caller.name, request.body["reason"])
    return json_response(200, {"executions": _as_json(done)})


@service.route("POST /orders/{order_id}/settlement")
def settle_discrepancy(request: ApiRequest) -> Response[str]:
    """Close the order's record of the discrepancy. Its money and stock stay as they are."""
    order, check, reason = _order(request), request.body["check"], request.body["reason"]
    if request.arguments["If-Match"] is not None:
        check_precondition(request, views.order(order, request.deps.orders.events(order.id), for_operator=True))
    after = commit(
        request.deps, order.id, request.caller.name, lambda order: parking.accept_discrepancy(order, check, reason)
    )
    accepted = {"order_id": order.id, "check": check, "found": after.accepted[check], "parked": bool(after.parked)}
    return json_response(200, accepted)


@service.route("GET /redrives")
def plan_redrives(request: ApiRequest) -> Response[str]:
    page = request.deps.orders.in_queue("parked", request.arguments["limit"], request.arguments["cursor"])
    return json_response(200, views.page(page, lambda order: _planned(request.deps, order)))


@service.route("POST /redrives")
def redrive_orders(request: ApiRequest) -> Response[str]:
    body = request.body
    before = _time(body["before"]) if "before" in body else request.deps.clock.now()
    pace = Pace(body.get("limit", 25), body.get("per_second", 5))
    batch = redrive.redrive_parked_orders(
        request.deps, request.caller.name, body["reason"], before, pace, body.get("cursor")
    )
    return json_response(200, {"items": _as_json(batch.results), "before": before.isoformat(), "cursor": batch.cursor})


def _planned(deps: Deps, order: Order) -> dict[str, Any]:
    plans = [asdict(plan) for plan in preview_redrive(deps, order)]
    return {"order_id": order.id, "plans": plans}


def _as_json(done: Sequence[RedriveResult]) -> list[dict[str, Any]]:
    return [asdict(each) for each in done]


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid(Complaint("body/before", f"is no moment: {error}")) from None


def _order(request: ApiRequest) -> Order:
    order_id = request.path["order_id"]
    if not ORDER_ID.fullmatch(order_id):
        raise OrderNotFound(f"there is no order {order_id[:60]}")
    return request.deps.orders.get(order_id)
