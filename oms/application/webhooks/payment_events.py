"""What a payment provider's event means for an order: a hold that is gone, a payment that is disputed.

Events come more than once and in any order, and most of them report what the shop did itself. So only the order's own
state says whether there is anything left to do.
"""

from __future__ import annotations

from oms.application.commit import commit
from oms.application.expected_executions import execution_input
from oms.domain import disputes, payment_rules
from oms.domain.errors import OrderNotFound
from oms.domain.order import Order
from oms.domain.payment_events import AuthorizationCancelled, DisputeDecided, DisputeOpened, PaymentEvent
from oms.ports import Deps


def apply_payment_event(deps: Deps, event: PaymentEvent, request_id: str = "") -> None:
    """Do what follows from the event, in the name of its id. An event about no order of the shop changes nothing."""
    by = f"payments:{event.event_id}"
    match event:
        case AuthorizationCancelled():
            _cancel_unpaid_order(deps, event, by, request_id)
        case DisputeOpened():
            _open_dispute(deps, event, by)
        case DisputeDecided():
            _close_dispute(deps, event, by)


def _cancel_unpaid_order(deps: Deps, event: AuthorizationCancelled, by: str, request_id: str) -> None:
    order = _order(deps, event.order_id)
    if order is None or not payment_rules.is_unpaid_without(order, event.payment_id):
        return
    cancellation_id = f"{order.id}_cancel_unpaid"
    reason = "the hold on the card is gone"
    payload = execution_input(order.id, request_id, by, cancellation_id=cancellation_id, lines=[], reason=reason)
    deps.executions.start("CancelOrder", cancellation_id, payload)


def _open_dispute(deps: Deps, event: DisputeOpened, by: str) -> None:
    order = _disputed_order(deps, event.payment_id)
    if order is not None:
        due_by = event.due_by or deps.clock.now()
        opened = disputes.OpenedDispute(event.dispute_id, event.amount_minor, event.reason, due_by.isoformat())
        commit(deps, order.id, by, lambda order: disputes.open_dispute(order, opened))


def _close_dispute(deps: Deps, event: DisputeDecided, by: str) -> None:
    order = _disputed_order(deps, event.payment_id)
    if order is not None:
        commit(deps, order.id, by, lambda order: disputes.close_dispute(order, event.dispute_id, event.outcome))


def _disputed_order(deps: Deps, payment_id: str | None) -> Order | None:
    """A dispute names its payment only; the provider knows the payment's order."""
    return _order(deps, deps.payments.order_of(payment_id) if payment_id else None)


def _order(deps: Deps, order_id: str | None) -> Order | None:
    """None if the payment isn't for an order of the shop: a provider's account may have other uses."""
    try:
        return deps.orders.get(order_id) if order_id else None
    except OrderNotFound:
        return None
