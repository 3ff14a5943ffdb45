"""Steps of a new order: review, confirmation, and rejection."""

from __future__ import annotations

from datetime import datetime, timedelta

from oms.application.commit import commit
from oms.application.steps import payments
from oms.application.steps.inventory import release_all_parts
from oms.application.steps.step import step
from oms.domain import placement
from oms.domain.change import Change
from oms.domain.errors import CompensationIncomplete
from oms.domain.events import OrderAbandoned, OrderConfirmed, OrderRejected, ReviewRequested
from oms.domain.order import Order, Status
from oms.ports import Deps


@step(ReviewRequested)
def request_review(order: Order, task_token: str, deadline_seconds: int, now: datetime) -> Change:
    return placement.request_review(order, now + timedelta(seconds=deadline_seconds), task_token)


@step(OrderConfirmed)
def confirm_order(order: Order) -> Change:
    return placement.confirm(order)


@step(OrderAbandoned)
def abandon_order(order: Order, error: str) -> Change:
    return placement.abandon(order, error)


@step(OrderRejected)
def reject_order(order: Order, error: str) -> Change:
    """Raises ``CompensationIncomplete`` for a defect, so that the order is parked until an operator lets it go on."""
    reason = placement.reason_to_reject(order, error)
    if reason is None:
        raise CompensationIncomplete(f"order {order.id} met a defect: {error}")
    return placement.reject(order, reason)


def reject_expired_order(deps: Deps, order_id: str, by: str) -> None:
    """Rejects an order that was never confirmed, as its own NewOrder would: abandon, void, release, reject."""
    order = commit(deps, order_id, by, lambda order: abandon_order(order, "Expired"))
    if order.status is Status.REJECTED:
        return
    commit(deps, order_id, by, payments.void_authorization)
    release_all_parts(deps, order_id, by)
    commit(deps, order_id, by, lambda order: placement.reject(order, "expired"))
