"""Orders: placed, followed, cancelled, sent back, reviewed. A state machine does the work; a request starts it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from aws_lambda_powertools.event_handler import Response

from api import identifiers, views
from api.etags import PRIVATE, check_unchanged, shown
from api.identifiers import KEY, reused
from api.order_placement import location, place, quote
from api.parcels import check_parcel, say
from api.problems import Complaint, invalid
from api.runtime import Call, Service, json_answer
from oms.application.commit import commit
from oms.application.expected_executions import execution_input
from oms.domain import cancellation_rules, placement, returns
from oms.domain.credit import RefundTo
from oms.domain.errors import OrderNotFound, OrderTaken
from oms.domain.events import Units
from oms.domain.order import Cancellation, Order
from oms.domain.pricing import Destination, shipping_options

handler = Service()


@handler.route("POST /orders")
def place_order(call: Call) -> Response[str]:
    lines = _units(call.body)
    products = call.deps.products.get([units.sku for units in lines])
    order, is_new = place(call, lines, products)
    return json_answer(202 if is_new else 200, views.order_summary(order), location(call, order))


@handler.route("POST /quotes")
@handler.route("POST /guest/quotes")
def quote_order(call: Call) -> Response[str]:
    lines = _units(call.body)
    products = call.deps.products.get([units.sku for units in lines])
    quoted = quote(call.deps, call.body, lines, products, call.caller.id)
    options = shipping_options(quoted, Destination.of(call.body["recipient"]))
    return json_answer(200, views.quote(quoted, options))


@handler.route("GET /orders")
def list_orders(call: Call) -> Response[str]:
    found = call.deps.orders.of_customer(call.caller.id, call.arguments["limit"], call.arguments["cursor"])
    return json_answer(200, views.page(found, views.order_summary))


@handler.route("GET /orders/{order_id}")
@handler.route("GET /guest/orders/{order_id}")
def get_order(call: Call) -> Response[str]:
    return shown(call, _view(call, _visible(call)), PRIVATE)


def _view(call: Call, order: Order) -> dict[str, Any]:
    return views.order(order, call.deps.orders.events(order.id), call.caller.is_operator)


def _check_seen(call: Call, order: Order) -> None:
    """Raise where the caller says what they saw, and it is so no more. What moves after this, the rules decide."""
    if call.arguments["If-Match"] is not None:
        check_unchanged(call, _view(call, order))


@handler.route("POST /orders/{order_id}/cancellation")
@handler.route("POST /guest/orders/{order_id}/cancellation")
def cancel_order(call: Call) -> Response[str]:
    order, key = _visible(call), call.arguments[KEY]
    lines, reason = _units(call.body), call.body.get("reason", "")
    if lines and key is None:
        raise invalid(Complaint(f"header/{KEY}", "is missing: a cancellation by line needs one"))
    cancellation_id = identifiers.cancellation_id(order.id, key, len(order.cancellations))
    known = order.cancellations.get(cancellation_id)
    if known is None:
        _check_seen(call, order)
        cancellation_rules.take(order, cancellation_id, lines, reason)
        told = {"cancellation_id": cancellation_id, "lines": _plain(lines), "reason": reason}
        if not _begin(call, order, "CancelOrder", cancellation_id, told) and key is None:
            raise OrderTaken(f"order {order.id} is being cancelled")
    elif known.lines and not _is_same(known, lines):  # one that was refused unseen has none
        raise reused()
    return json_answer(202, {"order_id": order.id, "cancellation_id": cancellation_id}, location(call, order))


def _is_same(known: Cancellation, lines: Sequence[Units]) -> bool:
    return _sorted(known.lines) == _sorted(lines) if lines else known.whole


def _begin(call: Call, order: Order, machine: str, name: str, told: Mapping[str, Any]) -> bool:
    """Begin what is asked for. False where it was begun before: the order may not tell of it yet, but its execution
    knows whether it was the same that was asked for."""
    if call.deps.executions.start(machine, name, execution_input(order.id, call.request_id, call.caller.name, **told)):
        return True
    begun = call.deps.executions.find(machine, name)
    if begun and any(begun.payload.get(member) != value for member, value in told.items()):
        raise reused()
    return False


@handler.route("POST /orders/{order_id}/returns")
@handler.route("POST /guest/orders/{order_id}/returns")
def request_return(call: Call) -> Response[str]:
    order = _visible(call)
    lines, reason = _units(call.body), call.body["reason"]
    refund_to = RefundTo(call.body.get("refund_to", RefundTo.ORIGINAL_PAYMENT))
    return_id = identifiers.return_id(order.id, call.arguments[KEY])
    known = order.returns.get(return_id)
    if known is None:
        _check_seen(call, order)
        returns.authorize(order, return_id, lines, reason, call.deps.clock.now(), refund_to)
        told = {"return_id": return_id, "lines": _plain(lines), "reason": reason, "refund_to": refund_to.value}
        _begin(call, order, "ReturnOrder", return_id, told)
    elif known.lines and (_sorted(known.lines), known.refund_to) != (_sorted(lines), refund_to):
        raise reused()
    return json_answer(202, {"order_id": order.id, "return_id": return_id}, location(call, order))


@handler.route("POST /orders/{order_id}/review")
def review_order(call: Call) -> Response[str]:
    order_id, by, note = _visible(call).id, call.caller, call.body.get("note", "")
    approved = call.body["decision"] == "approve"
    order = commit(call.deps, order_id, by.name, lambda order: placement.decide_review(order, approved, by.id, note))
    for token in call.deps.orders.waits(order_id, "review"):
        if approved:
            call.deps.executions.succeed(token, {})
        else:
            call.deps.executions.fail(token, "ReviewDeclined", f"order {order_id} was declined")
    return json_answer(200, views.order_summary(order))


@handler.route("POST /orders/{order_id}/returns/{return_id}/inspection")
def inspect_return(call: Call) -> Response[str]:
    order_id, return_id, units = _visible(call).id, call.path["return_id"], call.body["units"]
    word = {"type": "return.received", "order_id": order_id, "return_id": return_id, "units": units}
    check_parcel(call.deps, word)
    reported = partial(returns.report_inspection, return_id=return_id, conditions=units, reason=call.body["reason"])
    commit(call.deps, order_id, call.caller.name, reported)
    say(call.deps, word)
    return json_answer(200, {"order_id": order_id, "return_id": return_id})


def _visible(call: Call) -> Order:
    """The order, if the caller may know of it: another shopper's is none at all."""
    order_id = call.path["order_id"]
    missing = OrderNotFound(f"there is no order {order_id[:60]}")
    if not identifiers.ORDER_ID.fullmatch(order_id):
        raise missing
    order = call.deps.orders.get(order_id)
    if not call.caller.may_see(order):
        raise missing
    return order


def _units(body: Mapping[str, Any]) -> tuple[Units, ...]:
    """A body's lines. Raises where two are of one SKU: which was meant, the sum or one of them?"""
    lines = tuple(Units(line["sku"], line["quantity"]) for line in body.get("lines", ()))
    seen: dict[str, int] = {}
    for index, units in enumerate(lines):
        if units.sku in seen:
            same = f"is in body/lines/{seen[units.sku]} too: make one line of both"
            raise invalid(Complaint(f"body/lines/{index}/sku", same))
        seen[units.sku] = index
    return lines


def _plain(lines: Sequence[Units]) -> list[dict[str, Any]]:
    return [{"sku": units.sku, "quantity": units.quantity} for units in lines]


def _sorted(lines: Sequence[Units]) -> list[tuple[str, int]]:
    return sorted((units.sku, units.quantity) for units in lines)
