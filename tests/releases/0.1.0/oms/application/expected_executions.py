"""Which executions should be working on an order, and what each is begun with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oms.domain.events import CancellationStarted, Recorded, ReturnAuthorized, Units
from oms.domain.order import Order, ReturnStatus, Status
from oms.ports import Deps, Run

UNCONFIRMED = (Status.PLACED, Status.RESERVED, Status.AUTHORIZED)
UNDELIVERED = (Status.CONFIRMED, Status.SHIPPED)


@dataclass(frozen=True)
class Work:
    """An execution that an order needs. ``or_else`` names another one that may be doing the same."""

    machine: str
    name: str
    payload: Mapping[str, Any]
    or_else: tuple[str, str] | None = None

    def run(self, deps: Deps) -> Run | None:
        """Of the two the one that runs, else the one that is there."""
        own = deps.executions.find(self.machine, self.name)
        if self.or_else is None or (own is not None and own.is_running):
            return own
        other = deps.executions.find(*self.or_else)
        return other if other is not None and (own is None or other.is_running) else own


def asked(order_id: str, request_id: str, by: str = "", **more: Any) -> dict[str, Any]:
    """An execution's input, which is the same whoever begins it and however often: it tells of the request that asked
    for it first, and of who did. Empty is what nobody asked for, or before that was written down."""
    told = {"request_id": request_id, "by": by}
    return {"order_id": order_id, **more, **{name: value for name, value in told.items() if value}}


def works_of(order: Order, history: Sequence[Recorded]) -> list[Work]:
    """Empty where the order is closed, or delivered with no return under way."""
    return [*_of_order(order, history), *_of_returns(order, history)]


def _of_order(order: Order, history: Sequence[Recorded]) -> Iterator[Work]:
    if order.taken_by:
        yield _of_cancellation(order, order.taken_by, history)
    elif order.status in UNCONFIRMED:
        yield Work("NewOrder", order.works_as("NewOrder", order.id), asked(order.id, order.request_id))
    elif order.status in UNDELIVERED:
        yield Work("FulfillOrder", order.works_as("FulfillOrder", order.id), asked(order.id, order.request_id))


def _of_cancellation(order: Order, cancellation_id: str, history: Sequence[Recorded]) -> Work:
    """A cancellation of FulfillOrder's own can be carried out by CancelOrder as well."""
    known = order.cancellations[cancellation_id]
    started, by = next(
        (each.event, _asker(each))
        for each in history
        if isinstance(each.event, CancellationStarted) and each.event.cancellation_id == cancellation_id
    )
    payload = asked(
        order.id,
        started.request_id,
        by,
        cancellation_id=cancellation_id,
        lines=[] if known.whole else _told(known.lines),
        reason=started.reason,
    )
    fulfillment = ("FulfillOrder", order.id) if cancellation_id == f"{order.id}_unfulfillable" else None
    return Work("CancelOrder", order.works_as("CancelOrder", cancellation_id), payload, fulfillment)


def _of_returns(order: Order, history: Sequence[Recorded]) -> Iterator[Work]:
    opened = [(each.event, _asker(each)) for each in history if isinstance(each.event, ReturnAuthorized)]
    for event, by in opened:
        if order.returns[event.return_id].status is not ReturnStatus.CLOSED:
            payload = asked(
                order.id,
                event.request_id,
                by,
                return_id=event.return_id,
                lines=_told(event.lines),
                reason=event.reason,
                refund_to=event.refund_to,
            )
            yield Work("ReturnOrder", order.works_as("ReturnOrder", event.return_id), payload)


def _asker(recorded: Recorded) -> str:
    """Who asked for what an execution then did, such as ``operator:olga``: a task's own name has no colon."""
    return recorded.by if ":" in recorded.by else ""


def _told(lines: Sequence[Units]) -> list[dict[str, Any]]:
    return [{"sku": units.sku, "quantity": units.quantity} for units in lines]
