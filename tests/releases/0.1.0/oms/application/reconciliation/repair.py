"""What is safe to do for an order that nothing works on: by its own rules, under its own keys.

An execution that is gone is begun again, one that failed without parking its order is redriven. An order that was never
confirmed, and is too old to be, gives back what it holds; and a hold on a card outlives no order.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from oms.application.commit import commit
from oms.application.expected_executions import UNCONFIRMED, Work
from oms.domain import paying, placing
from oms.domain.change import NOTHING, Change
from oms.domain.discounts import CodeUse
from oms.domain.events import OrderRepaired
from oms.domain.order import Order
from oms.domain.payment import PaymentRecord, PaymentStatus
from oms.ports import Deps, Run

NEW_ORDER_LIFE = timedelta(days=7)
"""No execution of NewOrder lives longer."""
FAILED = ("FAILED", "TIMED_OUT")


def repaired(
    deps: Deps,
    order: Order,
    records: Sequence[PaymentRecord],
    uses: Sequence[CodeUse],
    runs: Sequence[tuple[Work, Run | None]],
    by: str,
) -> str:
    """Repair what can be, and say what that was, also in the order's events; empty where there is nothing to repair."""
    codes: tuple[CodeUse, ...] = ()
    if _is_expired(order, deps.clock.now()):
        give_back(deps, order.id, by)
        done = ["it was never confirmed: what it held is given back"]
    elif order.status.is_closed and any(record.status is PaymentStatus.AUTHORIZED for record in records):
        void(deps, order.id, by)
        done = ["its card was still held: the authorization is voided"]
    else:
        done = [told for work, run in runs if (told := _attended(deps, work, run))]
    if order.status.is_closed and [use.uses for use in uses] == [1]:
        codes = order.code_given_back()
        done.append(f"it had ended and still held a use of {order.code}: that is given back")
    what = "; ".join(done)
    if what:
        commit(deps, order.id, by, lambda _: Change((OrderRepaired(by, what),), codes=codes))
    return what


def _is_expired(order: Order, now: datetime) -> bool:
    """True of an order that nothing can confirm any more."""
    if order.status not in UNCONFIRMED or order.taken_by:
        return False
    return order.abandoned or now - order.placed_at > NEW_ORDER_LIFE


def _attended(deps: Deps, work: Work, run: Run | None) -> str:
    """What was done to have the work done. One that somebody stopped, or that thinks it is done, is left to people."""
    if run is None:
        deps.executions.start(work.machine, work.name, work.payload)
        return f"{work.machine} {work.name} was gone: it is started"
    if run.status in FAILED and deps.executions.redrive(run.arn):
        return f"{run.arn} had {run.status}: it is redriven"
    return ""


def give_back(deps: Deps, order_id: str, by: str) -> None:
    """Reject an order as its own NewOrder would: close it to late steps, void, release, reject."""
    commit(deps, order_id, by, lambda order: placing.abandon(order, "Expired"))
    void(deps, order_id, by)
    order, version = deps.orders.get(order_id), 0
    while order.version != version:
        version = order.version
        order = commit(deps, order_id, by, placing.release)
    commit(deps, order_id, by, lambda order: placing.reject(order, "expired"))


def refund(deps: Deps, order_id: str, effect_id: str, by: str) -> None:
    """Give back what is due of an order whose goods were lost."""

    def decide(order: Order) -> Change:
        refund = paying.refund_due(order, effect_id)
        if order.is_refunded(effect_id) or not refund:
            return NOTHING
        if refund.card.minor:
            deps.payments.refund(order.payment_request, refund.card, effect_id)
        return paying.refunded(order, refund, effect_id)

    commit(deps, order_id, by, decide)


def void(deps: Deps, order_id: str, by: str) -> None:
    """Let go of the hold on the card, of an order that is closed or being rejected."""

    def decide(order: Order) -> Change:
        if order.payment.status is PaymentStatus.CAPTURED:
            return NOTHING
        if paying.is_charged(order):
            deps.payments.void(order.payment_request)
        return paying.voided(order)

    commit(deps, order_id, by, decide)
