"""Which executions should be working on an order, and the input of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oms.domain.events import CancellationStarted, Recorded, ReturnAuthorized, Units
from oms.domain.order import Order, ReturnStatus, Status
from oms.ports import Deps, ExecutionDescription

UNCONFIRMED = (Status.PLACED, Status.RESERVED, Status.AUTHORIZED)
UNDELIVERED = (Status.CONFIRMED, Status.SHIPPED)


@dataclass(frozen=True)
class ExpectedExecution:
    """An execution that an order needs. ``alternative`` is the machine and name of another that may do the same."""

    machine: str
    name: str
    payload: Mapping[str, Any]
    alternative: tuple[str, str] | None = None

    def find(self, deps: Deps) -> ExecutionDescription | None:
        """The one of the two that runs, else the one that exists."""
        own = deps.executions.find(self.machine, self.name)
        if self.alternative is None or (own is not None and own.is_running):
            return own
        other = deps.executions.find(*self.alternative)
        return other if other is not None and (own is None or other.is_running) else own


def execution_input(order_id: str, request_id: str, by: str = "", **more: Any) -> dict[str, Any]:
    """An execution's input: the same whoever starts the execution and however often.

    It names the request that asked for the execution first, and who made it. Both are left out where nobody did, or
    where the order is older than these fields.
    """
    origin = {"request_id": request_id, "by": by}
    return {"order_id": order_id, **more, **{name: value for name, value in origin.items() if value}}


def expected_executions(order: Order, history: Sequence[Recorded]) -> list[ExpectedExecution]:
    """Empty for an order that is closed, or delivered with no open return."""
    return [*_of_order(order, history), *_of_returns(order, history)]


def _of_order(order: Order, history: Sequence[Recorded]) -> Iterator[ExpectedExecution]:
    if order.taken_by:
        yield _of_cancellation(order, order.taken_by, history)
    elif order.status in UNCONFIRMED:
        yield _of_machine(order, "NewOrder")
    elif order.status in UNDELIVERED:
        yield _of_machine(order, "FulfillOrder")


def _of_machine(order: Order, machine: str) -> ExpectedExecution:
    name = order.current_execution_name(machine, order.id)
    return ExpectedExecution(machine, name, execution_input(order.id, order.request_id))


def _of_cancellation(order: Order, cancellation_id: str, history: Sequence[Recorded]) -> ExpectedExecution:
    """FulfillOrder's own cancellation can be carried out by CancelOrder as well."""
    cancellation = order.cancellations[cancellation_id]
    started, by = next(
        (recorded.event, _requester(recorded))
        for recorded in history
        if isinstance(recorded.event, CancellationStarted) and recorded.event.cancellation_id == cancellation_id
    )
    payload = execution_input(
        order.id,
        started.request_id,
        by,
        cancellation_id=cancellation_id,
        lines=[] if cancellation.whole else _lines(cancellation.lines),
        reason=started.reason,
    )
    name = order.current_execution_name("CancelOrder", cancellation_id)
    fulfillment = ("FulfillOrder", order.id) if cancellation_id == f"{order.id}_unfulfillable" else None
    return ExpectedExecution("CancelOrder", name, payload, fulfillment)


def _of_returns(order: Order, history: Sequence[Recorded]) -> Iterator[ExpectedExecution]:
    authorized = [(each.event, _requester(each)) for each in history if isinstance(each.event, ReturnAuthorized)]
    for event, by in authorized:
        if order.returns[event.return_id].status is not ReturnStatus.CLOSED:
            payload = execution_input(
                order.id,
                event.request_id,
                by,
                return_id=event.return_id,
                lines=_lines(event.lines),
                reason=event.reason,
                refund_to=event.refund_to,
            )
            name = order.current_execution_name("ReturnOrder", event.return_id)
            yield ExpectedExecution("ReturnOrder", name, payload)


def _requester(recorded: Recorded) -> str:
    """Who made the request, such as ``operator:olga``; empty for a task, whose name has no colon."""
    return recorded.by if ":" in recorded.by else ""


def _lines(units: Sequence[Units]) -> list[dict[str, Any]]:
    return [{"sku": each.sku, "quantity": each.quantity} for each in units]
