"""What the carrier's events do: each answers the executions that wait for it, by their task tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any, NamedTuple

from oms.application.commit import commit
from oms.domain import parking, returns, shipment_rules
from oms.domain.errors import ParcelLost, ShipmentRecalled, ShipmentRefused
from oms.domain.order import Order, ReturnStatus, Status
from oms.domain.payment import PaymentStatus
from oms.ports import Deps

CarrierEvent = Mapping[str, Any]
"""It has ``type``, ``order_id``, and depending on its type ``tracking``, ``return_id`` or ``units``."""
CARRIER = "Carrier"
"""The name under which an order is parked that contradicts the carrier."""


class CallbackResult(Enum):
    ANSWERED = auto()
    """An execution waited for the event."""
    ALREADY_HANDLED = auto()
    """The order no longer waits for the event, and agrees with it."""
    PARKED = auto()
    """The order no longer waits for the event, and contradicts it: an operator decides."""
    TOO_EARLY = auto()
    """Nothing waits for the event yet: it should be sent again later."""


def handle_carrier_event(deps: Deps, event: CarrierEvent) -> CallbackResult:
    """Answers every execution that waits for the event. A repeated event changes nothing. Raises ``OrderNotFound``."""
    order = deps.orders.get(event["order_id"])
    kind = KINDS[event["type"]]
    tokens = deps.orders.waits(order.id, kind.wait or event["return_id"])
    answers = [kind.answer(deps, order, token, event) for token in tokens]
    if any(answers):
        return CallbackResult.ANSWERED
    if not kind.is_past(order, event):
        return CallbackResult.TOO_EARLY
    what = kind.contradiction(order, event)
    if not what:
        return CallbackResult.ALREADY_HANDLED
    after = commit(deps, order.id, CARRIER, lambda order: parking.add_discrepancy(order, CARRIER, what))
    is_new = after.parked.get(CARRIER) != order.parked.get(CARRIER)
    return CallbackResult.PARKED if is_new else CallbackResult.ALREADY_HANDLED


# --- How a waiting execution is answered ----------------------------------------------------------


def _answer_dispatched(deps: Deps, order: Order, token: str, event: CarrierEvent) -> bool:
    return deps.executions.succeed(token, {"tracking": event.get("tracking", "")})


def _answer_recalled(deps: Deps, order: Order, token: str, event: CarrierEvent) -> bool:
    try:
        shipment_rules.check_recall(order)
    except ShipmentRefused as error:
        return deps.executions.fail(token, type(error).__name__, str(error))
    return deps.executions.fail(token, ShipmentRecalled.__name__, "the carrier was called back")


def _answer_progress(deps: Deps, order: Order, token: str, event: CarrierEvent) -> bool:
    return deps.executions.heartbeat(token)


def _answer_delivered(deps: Deps, order: Order, token: str, event: CarrierEvent) -> bool:
    return deps.executions.succeed(token, {})


def _answer_lost(deps: Deps, order: Order, token: str, event: CarrierEvent) -> bool:
    return deps.executions.fail(token, ParcelLost.__name__, "the carrier lost the parcel")


def _answer_received(deps: Deps, order: Order, token: str, event: CarrierEvent) -> bool:
    return deps.executions.succeed(token, {"units": dict(event["units"])})


# --- Whether the order is past the event ----------------------------------------------------------


def _has_left(order: Order, _: CarrierEvent) -> bool:
    return order.payment.status is PaymentStatus.CAPTURED or order.status.is_closed


def _has_arrived(order: Order, _: CarrierEvent) -> bool:
    return order.status is Status.DELIVERED or order.status.is_closed


def _is_back(order: Order, event: CarrierEvent) -> bool:
    requested = order.returns.get(event["return_id"])
    return requested is not None and requested.status is not ReturnStatus.AUTHORIZED


def _always(order: Order, _: CarrierEvent) -> bool:
    return True


# --- What contradicts the event -------------------------------------------------------------------


def _left_though_closed(order: Order, event: CarrierEvent) -> str:
    is_contradicted = order.status in (Status.CANCELLED, Status.REJECTED)
    return f"the parcel left ({event.get('tracking', '')}), and the order is {order.status}" if is_contradicted else ""


def _ended_differently(order: Order, event: CarrierEvent) -> str:
    status = event["type"].rpartition(".")[2]
    return f"the parcel is {status}, and the order is {order.status}" if status != order.status.value else ""


def _late_parcel(order: Order, event: CarrierEvent) -> str:
    return returns.late_parcel(order, event["return_id"], event["units"])


def _nothing(order: Order, _: CarrierEvent) -> str:
    return ""


class EventKind(NamedTuple):
    wait: str
    """The name of the wait that the event answers; empty if it is the id of the event's return."""
    answer: Callable[[Deps, Order, str, CarrierEvent], bool]
    is_past: Callable[[Order, CarrierEvent], bool]
    """True if the order no longer waits, and will not wait, for the event."""
    contradiction: Callable[[Order, CarrierEvent], str]
    """What an order that is past the event says instead; empty if it agrees."""


KINDS: Mapping[str, EventKind] = {
    "shipment.dispatched": EventKind("dispatch", _answer_dispatched, _has_left, _left_though_closed),
    "shipment.recalled": EventKind("dispatch", _answer_recalled, _always, _nothing),
    "shipment.progress": EventKind("dispatch", _answer_progress, _always, _nothing),
    "shipment.delivered": EventKind("delivery", _answer_delivered, _has_arrived, _ended_differently),
    "shipment.lost": EventKind("delivery", _answer_lost, _has_arrived, _ended_differently),
    "return.received": EventKind("", _answer_received, _is_back, _late_parcel),
}
