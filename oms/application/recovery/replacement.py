"""Replaces executions that failed so long ago that Step Functions can't redrive them.

A redrive is possible for 14 days (https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html). After
them another execution starts with the same input, and skips what is done. Its name follows from the first one's, so
that there is one, however often it is asked for. An order that was never confirmed is rejected instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms.application.commit import commit
from oms.application.expected_executions import ExpectedExecution, execution_input, expected_executions
from oms.application.recovery.parked_execution import ParkedExecution
from oms.application.steps.payments import refund_payment
from oms.application.steps.placement import reject_expired_order
from oms.domain import parking
from oms.domain.credit import RefundTo
from oms.domain.errors import AlreadyConfirmed, OrderClosed, OrderTaken
from oms.domain.order import Order, execution_key
from oms.ports import Deps, ExecutionDescription

ABOUT_THE_ORDER = ("NewOrder", "FulfillOrder")
LATER_FIELDS: Mapping[str, Mapping[str, Any]] = {"ReturnOrder": {"refund_to": RefundTo.ORIGINAL_PAYMENT.value}}
"""Fields of the input that early executions don't have, with their defaults."""
NOTHING_LEFT = "nothing is left of it to do"


def can_be_redriven(execution: ExecutionDescription | None) -> bool:
    """True if it runs, too: it needs no replacement."""
    return execution is not None and (execution.is_running or execution.redrivable)


def parked_execution(
    deps: Deps, order: Order, arn: str, execution: ExecutionDescription | None
) -> ParkedExecution | None:
    """A parked execution with its input, even if Step Functions has forgotten it; None if the input is lost."""
    machine, name = execution_key(arn).split(":")
    payload: Mapping[str, Any] | None = None
    if execution is not None:
        payload = execution.payload
    elif machine in ABOUT_THE_ORDER:
        payload = execution_input(order.id, order.request_id)
    else:
        expected = expected_executions(order, deps.orders.events(order.id))
        payload = next((each.payload for each in expected if (each.machine, each.name) == (machine, name)), None)
    return None if payload is None else ParkedExecution(arn, machine, payload)


def replace_execution(deps: Deps, order: Order, arn: str, execution: ExecutionDescription | None, by: str) -> str:
    """Has another execution do what is left, and returns how. A repeated call changes nothing more."""
    parked = parked_execution(deps, order, arn, execution)
    successor, how = _replace(deps, order, parked, by) if parked else (None, NOTHING_LEFT)
    successor_key = ""
    if successor is not None:
        deps.executions.start(successor.machine, successor.name, successor.payload)
        successor_key = f"{successor.machine}:{successor.name}"
    commit(deps, order.id, by, lambda order: parking.replace_execution(order, execution_key(arn), successor_key))
    return how


def _replace(deps: Deps, order: Order, parked: ParkedExecution, by: str) -> tuple[ExpectedExecution | None, str]:
    """The successor to start, or None if what was left is done at once."""
    match parked.machine, parked.direction(order):
        case (("NewOrder" | "FulfillOrder"), "superseded"):
            return None, NOTHING_LEFT
        case "NewOrder", "backward":
            return None, _reject(deps, order, by)
        case "FulfillOrder", "refund":
            commit(deps, order.id, by, refund_payment)
            return None, "what was lost is refunded"
        case "FulfillOrder", "backward":
            successor = next(iter(expected_executions(order, deps.orders.events(order.id))))
        case _:
            name = _next_name(execution_key(parked.arn).split(":")[1])
            payload = {**LATER_FIELDS.get(parked.machine, {}), **parked.input}
            successor = ExpectedExecution(parked.machine, name, payload)
    return successor, f"it is too old to be redriven: {successor.machine} {successor.name} goes on for it"


def _reject(deps: Deps, order: Order, by: str) -> str:
    try:
        reject_expired_order(deps, order.id, by)
    except (AlreadyConfirmed, OrderClosed, OrderTaken):
        return NOTHING_LEFT
    return "it is too old to be redriven: what the order held is given back"


def _next_name(name: str) -> str:
    first, _, number = name.partition("-again-")
    return f"{first}-again-{int(number or 0) + 1}"
