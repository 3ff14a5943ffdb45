"""Repairs of an order that no execution works on, made by the order's own steps and under its own effect ids.

An execution that is gone is started again, and one that failed without parking its order is redriven. An order that
was never confirmed, and is too old to be, is rejected. A hold on a card is voided once its order is closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from oms.application.commit import commit
from oms.application.expected_executions import UNCONFIRMED, ExpectedExecution
from oms.application.steps.payments import void_remaining_hold
from oms.application.steps.placement import reject_expired_order
from oms.domain.change import Change
from oms.domain.discounts import CodeUse
from oms.domain.events import OrderRepaired
from oms.domain.order import Order
from oms.domain.payment import PaymentRecord, PaymentStatus
from oms.ports import Deps, ExecutionDescription

NEW_ORDER_LIFE = timedelta(days=7)
"""No execution of NewOrder runs longer."""
FAILED = ("FAILED", "TIMED_OUT")


def repair_order(
    deps: Deps,
    order: Order,
    payments: Sequence[PaymentRecord],
    code_uses: Sequence[CodeUse],
    executions: Sequence[tuple[ExpectedExecution, ExecutionDescription | None]],
    by: str,
) -> str:
    """Repairs what can be, and returns what was repaired, which becomes an event too; empty if nothing was."""
    returned_uses: tuple[CodeUse, ...] = ()
    if _is_expired(order, deps.clock.now()):
        reject_expired_order(deps, order.id, by)
        repairs = ["it was never confirmed: what it held is given back"]
    elif order.status.is_closed and any(record.status is PaymentStatus.AUTHORIZED for record in payments):
        commit(deps, order.id, by, void_remaining_hold)
        repairs = ["its card was still held: the authorization is voided"]
    else:
        repairs = [repair for pair in executions if (repair := _restart(deps, *pair))]
    if order.status.is_closed and [use.uses for use in code_uses] == [1]:
        returned_uses = order.code_given_back()
        repairs.append(f"it had ended and still held a use of {order.code}: that is given back")
    what = "; ".join(repairs)
    if what:
        commit(deps, order.id, by, lambda _: Change((OrderRepaired(by, what),), codes=returned_uses))
    return what


def _is_expired(order: Order, now: datetime) -> bool:
    """True if nothing can confirm the order any more."""
    if order.status not in UNCONFIRMED or order.taken_by:
        return False
    return order.abandoned or now - order.placed_at > NEW_ORDER_LIFE


def _restart(deps: Deps, expected: ExpectedExecution, execution: ExecutionDescription | None) -> str:
    """Starts or redrives an execution. One that was stopped by hand, or that has succeeded, is left to operators."""
    if execution is None:
        deps.executions.start(expected.machine, expected.name, expected.payload)
        return f"{expected.machine} {expected.name} was gone: it is started"
    if execution.status in FAILED and deps.executions.redrive(execution.arn):
        return f"{execution.arn} had {execution.status}: it is redriven"
    return ""
