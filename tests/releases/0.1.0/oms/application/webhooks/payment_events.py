"""What a payment gateway's event means for an order: a hold that is gone, a payment that is disputed.

Events come more than once and in any order (https://docs.stripe.com/webhooks#handle-duplicate-events), and most of them
tell what the shop did itself. So only the order's own state says whether there is anything left to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from oms.application.commit import commit
from oms.application.expected_executions import asked
from oms.domain import disputes, paying
from oms.domain.errors import OrderNotFound
from oms.domain.order import Order
from oms.ports import Deps

About = Mapping[str, Any]


@dataclass(frozen=True)
class Word:
    """An event as it came to us: by whom what follows from it is, and by which request."""

    by: str
    request_id: str


def hear(deps: Deps, event_id: str, kind: str, about: About, request_id: str = "") -> None:
    """Do what an event asks for. ``about`` is Stripe's object, as the event shows it."""
    if kind in MEANINGS:
        MEANINGS[kind](deps, Word(f"payments:{event_id}", request_id), about)


def _cancelled(deps: Deps, word: Word, intent: About) -> None:
    """A hold that ran out, or that somebody let go by hand, pays for nothing: its order is cancelled."""
    order = _order(deps, (intent.get("metadata") or {}).get("order_id"))
    if order is None or not paying.is_unpaid_without(order, intent["id"]):
        return
    cancellation_id = f"{order.id}_cancel_unpaid"
    why = "the hold on the card is gone"
    payload = asked(order.id, word.request_id, word.by, cancellation_id=cancellation_id, lines=[], reason=why)
    deps.executions.start("CancelOrder", cancellation_id, payload)


def _disputed(deps: Deps, word: Word, dispute: About) -> None:
    order = _order(deps, _paid_by(deps, dispute))
    if order is not None:
        due_by = _moment(deps, (dispute.get("evidence_details") or {}).get("due_by"))
        opened = disputes.Opened(dispute["id"], dispute["amount"], dispute["reason"], due_by)
        commit(deps, order.id, word.by, lambda order: disputes.open_dispute(order, opened))


def _settled(deps: Deps, word: Word, dispute: About) -> None:
    order = _order(deps, _paid_by(deps, dispute))
    if order is not None:
        commit(deps, order.id, word.by, lambda order: disputes.close_dispute(order, dispute["id"], dispute["status"]))


def _paid_by(deps: Deps, dispute: About) -> str | None:
    """The id of the order that was paid by what is disputed: a dispute itself doesn't name it."""
    payment_id = dispute.get("payment_intent")
    return deps.payments.order_of(payment_id) if payment_id else None


def _order(deps: Deps, order_id: str | None) -> Order | None:
    """None where the payment is of something else than an order: an account may have other uses."""
    try:
        return deps.orders.get(order_id) if order_id else None
    except OrderNotFound:
        return None


def _moment(deps: Deps, seconds: int | None) -> str:
    """Now, where the gateway gives no time."""
    return (datetime.fromtimestamp(seconds, UTC) if seconds else deps.clock.now()).isoformat()


MEANINGS: Mapping[str, Callable[[Deps, Word, About], None]] = {
    "payment_intent.canceled": _cancelled,
    "charge.dispute.created": _disputed,
    "charge.dispute.closed": _settled,
}
"""What other events tell, the state machines hear from the gateway's own answers."""
