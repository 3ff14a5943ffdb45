"""Orders: place, follow, cancel, return, review. A request starts a state machine, which does the work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from aws_lambda_powertools.event_handler import Response

from api import identifiers, views
from api.carrier_events import check_parcel, deliver_carrier_event
from api.etags import PRIVATE, check_precondition, conditional_response
from api.identifiers import KEY, key_reused
from api.order_placement import location, place, quote
from api.problems import Complaint, invalid
from api.runtime import ApiRequest, Service, json_response
from oms.application.commit import commit
from oms.application.expected_executions import execution_input
from oms.domain import cancellation_rules, placement, returns
from oms.domain.credit import RefundTo
from oms.domain.errors import OrderNotFound, OrderTaken
from oms.domain.events import Units
from oms.domain.order import Cancellation, Order
from oms.domain.pricing import Destination, shipping_options

service = Service()


@service.route("POST /orders")
def place_order(request: ApiRequest) -> Response[str]:
    lines = _units(request.body)
    products = request.deps.products.get([units.sku for units in lines])
    order, is_new = place(request, lines, products)
    return json_response(202 if is_new else 200, views.order_summary(order), location(request, order))


@service.route("POST /quotes")
@service.route("POST /guest/quotes")
def quote_order(request: ApiRequest) -> Response[str]:
    lines = _units(request.body)
    products = request.deps.products.get([units.sku for units in lines])
    quoted = quote(request.deps, request.body, lines, products, request.caller.id)
    options = shipping_options(quoted, Destination.of(request.body["recipient"]))
    return json_response(200, views.quote(quoted, options))


@service.route("GET /orders")
def list_orders(request: ApiRequest) -> Response[str]:
    arguments = request.arguments
    page = request.deps.orders.of_customer(request.caller.id, arguments["limit"], arguments["cursor"])
    return json_response(200, views.page(page, views.order_summary))


@service.route("GET /orders/{order_id}")
@service.route("GET /guest/orders/{order_id}")
def get_order(request: ApiRequest) -> Response[str]:
    return conditional_response(request, _view(request, _visible(request)), PRIVATE)


def _view(request: ApiRequest, order: Order) -> dict[str, Any]:
    return views.order(order, request.deps.orders.events(order.id), request.caller.is_operator)


def _check_if_match(request: ApiRequest, order: Order) -> None:
    """Raises 412 if the order is not the one in ``If-Match``. A change after this check is for the rules to decide."""
    if request.arguments["If-Match"] is not None:
        check_precondition(request, _view(request, order))


@service.route("POST /orders/{order_id}/cancellation")
@service.route("POST /guest/orders/{order_id}/cancellation")
def cancel_order(request: ApiRequest) -> Response[str]:
    order, key = _visible(request), request.arguments[KEY]
    lines, reason = _units(request.body), request.body.get("reason", "")
    if lines and key is None:
        raise invalid(Complaint(f"header/{KEY}", "is missing: a cancellation by line needs one"))
    cancellation_id = identifiers.cancellation_id(order.id, key, len(order.cancellations))
    existing = order.cancellations.get(cancellation_id)
    if existing is None:
        _check_if_match(request, order)
        cancellation_rules.take(order, cancellation_id, lines, reason)
        details = {"cancellation_id": cancellation_id, "lines": _as_json(lines), "reason": reason}
        if not _start_execution(request, order, "CancelOrder", cancellation_id, details) and key is None:
            raise OrderTaken(f"order {order.id} is being cancelled")
    elif existing.lines and not _is_same(existing, lines):  # one that was refused at once has no lines
        raise key_reused()
    return json_response(202, {"order_id": order.id, "cancellation_id": cancellation_id}, location(request, order))


def _is_same(existing: Cancellation, lines: Sequence[Units]) -> bool:
    return _sorted(existing.lines) == _sorted(lines) if lines else existing.whole


def _start_execution(request: ApiRequest, order: Order, machine: str, name: str, details: Mapping[str, Any]) -> bool:
    """Start an execution; False if it was started before.

    Then the order may not show it yet, but the execution's input says whether the two requests are the same. Raises
    ``IdempotencyKeyReused`` if they are not.
    """
    if request.deps.executions.start(
        machine, name, execution_input(order.id, request.request_id, request.caller.name, **details)
    ):
        return True
    execution = request.deps.executions.find(machine, name)
    if execution and any(execution.payload.get(member) != value for member, value in details.items()):
        raise key_reused()
    return False


@service.route("POST /orders/{order_id}/returns")
@service.route("POST /guest/orders/{order_id}/returns")
def request_return(request: ApiRequest) -> Response[str]:
    order = _visible(request)
    lines, reason = _units(request.body), request.body["reason"]
    refund_to = RefundTo(request.body.get("refund_to", RefundTo.ORIGINAL_PAYMENT))
    return_id = identifiers.return_id(order.id, request.arguments[KEY])
    existing = order.returns.get(return_id)
    if existing is None:
        _check_if_match(request, order)
        returns.authorize(order, return_id, lines, reason, request.deps.clock.now(), refund_to)
        details = {"return_id": return_id, "lines": _as_json(lines), "reason": reason, "refund_to": refund_to.value}
        _start_execution(request, order, "ReturnOrder", return_id, details)
    elif existing.lines and (_sorted(existing.lines), existing.refund_to) != (_sorted(lines), refund_to):
        raise key_reused()
    return json_response(202, {"order_id": order.id, "return_id": return_id}, location(request, order))


@service.route("POST /orders/{order_id}/review")
def review_order(request: ApiRequest) -> Response[str]:
    order_id, by, note = _visible(request).id, request.caller, request.body.get("note", "")
    approved = request.body["decision"] == "approve"
    order = commit(request.deps, order_id, by.name, lambda order: placement.decide_review(order, approved, by.id, note))
    for token in request.deps.orders.waits(order_id, "review"):
        if approved:
            request.deps.executions.succeed(token, {})
        else:
            request.deps.executions.fail(token, "ReviewDeclined", f"order {order_id} was declined")
    return json_response(200, views.order_summary(order))


@service.route("POST /orders/{order_id}/returns/{return_id}/inspection")
def inspect_return(request: ApiRequest) -> Response[str]:
    order_id, return_id, units = _visible(request).id, request.path["return_id"], request.body["units"]
    event = {"type": "return.received", "order_id": order_id, "return_id": return_id, "units": units}
    check_parcel(request.deps, event)
    reported = partial(returns.report_inspection, return_id=return_id, conditions=units, reason=request.body["reason"])
    commit(request.deps, order_id, request.caller.name, reported)
    deliver_carrier_event(request.deps, event)
    return json_response(200, {"order_id": order_id, "return_id": return_id})


def _visible(request: ApiRequest) -> Order:
    """The order, if the caller may see it. Raises ``OrderNotFound`` for another shopper's too."""
    order_id = request.path["order_id"]
    missing = OrderNotFound(f"there is no order {order_id[:60]}")
    if not identifiers.ORDER_ID.fullmatch(order_id):
        raise missing
    order = request.deps.orders.get(order_id)
    if not request.caller.may_see(order):
        raise missing
    return order


def _units(body: Mapping[str, Any]) -> tuple[Units, ...]:
    """A body's lines. Raises a problem for two lines with one SKU: the sum may be meant, or one of them."""
    lines = tuple(Units(line["sku"], line["quantity"]) for line in body.get("lines", ()))
    index_of: dict[str, int] = {}
    for index, units in enumerate(lines):
        if units.sku in index_of:
            same = f"is in body/lines/{index_of[units.sku]} too: make one line of both"
            raise invalid(Complaint(f"body/lines/{index}/sku", same))
        index_of[units.sku] = index
    return lines


def _as_json(lines: Sequence[Units]) -> list[dict[str, Any]]:
    return [{"sku": units.sku, "quantity": units.quantity} for units in lines]


def _sorted(lines: Sequence[Units]) -> list[tuple[str, int]]:
    return sorted((units.sku, units.quantity) for units in lines)
