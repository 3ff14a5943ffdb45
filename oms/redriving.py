"""Letting parked orders go on: what a redrive will and won't do, and doing it, one order or all of them at a pace.

An order is parked by executions that failed, and by checks that found its books to disagree. Executions are
redriven, each with an event that names who asked; what a check found is settled by the check, once it is mended.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from oms.commit import commit
from oms.domain import parking
from oms.domain.errors import ExecutionsUnavailable
from oms.domain.order import Order
from oms.domain.payment import PaymentRecord, PaymentStatus
from oms.domain.rehearsal import Step, Verdict, rehearse
from oms.domain.resumption import Resumption, way
from oms.ports import Deps, Run

PAGE = 100
AT_GATEWAY = {"VoidAuthorization", "CapturePayment", "RefundPayment"}


@dataclass(frozen=True)
class Plan:
    """What a redrive of one execution will come by. ``way`` is forward, backward, refund, superseded or none."""

    order_id: str
    execution: str
    way: str
    why: str
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Redriven:
    """What became of one execution: it goes on, or why not."""

    order_id: str
    execution: str
    goes_on: bool
    why: str


def plan(deps: Deps, order: Order) -> list[Plan]:
    """What a redrive would do to a parked order, and what it would find done; nothing is written."""
    return [_planned(deps, order, parker) for parker in order.parked]


def redrive(deps: Deps, order: Order, by: str) -> list[Redriven]:
    """Let every parked execution of an order go on, in somebody's name."""
    return [_redriven(deps, order, parker, by) for parker in order.parked]


def redrive_parked(
    deps: Deps, by: str, *, limit: int, per_second: float, pause: Callable[[float], None] = time.sleep
) -> Iterator[Redriven]:
    """Redrive up to ``limit`` parked orders, longest parked first, so many executions a second at the most.

    Yields as it goes: whoever stops asking stops it.
    """
    for order in parked(deps, limit):
        for parker in order.parked:
            yield _redriven(deps, order, parker, by)
            pause(1 / per_second)


def parked(deps: Deps, limit: int) -> Iterator[Order]:
    """Up to ``limit`` orders that wait for an operator, longest parked first."""
    cursor = None
    while limit > 0:
        page = deps.orders.in_queue("parked", min(limit, PAGE), cursor)
        yield from page.items
        limit -= len(page.items)
        cursor = page.cursor
        if cursor is None:
            return


def _redriven(deps: Deps, order: Order, parker: str, by: str) -> Redriven:
    if not is_execution(parker):
        return Redriven(order.id, parker, False, by_hand(order, parker))
    try:
        commit(deps, order.id, by, lambda order: parking.request_redrive(order, parker))
        goes_on = deps.executions.redrive(parker)
    except ExecutionsUnavailable as error:
        return Redriven(order.id, parker, False, f"unknown: {error}")
    return Redriven(order.id, parker, goes_on, "" if goes_on else "it can't be redriven: it runs, or it is too old")


def _planned(deps: Deps, order: Order, parker: str) -> Plan:
    if not is_execution(parker):
        return Plan(order.id, parker, "none", by_hand(order, parker))
    machine, name = named(parker)
    run = deps.executions.find(machine, name)
    if run is None or run.is_running:
        why = "it goes on already" if run else "Step Functions has forgotten it"
        return Plan(order.id, parker, "none", why)
    return _rehearsed(deps, order, Resumption(parker, machine, run.payload), run)


def _rehearsed(deps: Deps, order: Order, it: Resumption, run: Run) -> Plan:
    steps = list(rehearse(order, deps.orders.events(order.id), it, deps.clock.now()))
    if any(step.verdict is Verdict.RUNS and step.state in AT_GATEWAY for step in steps):
        steps = told_by_gateway(steps, deps.payments.find(order.payment_request) if order.is_priced else None)
    return Plan(order.id, it.execution, way(order, it), f"it is {run.status}", tuple(steps))


def told_by_gateway(steps: Sequence[Step], record: PaymentRecord | None) -> list[Step]:
    """Of each payment that is to be made: whether the gateway made it already, though nobody heard."""

    def told(step: Step) -> Step:
        if step.verdict is not Verdict.RUNS or step.state not in AT_GATEWAY:
            return step
        heard = "the gateway has done it, and does it once" if _is_done(step, record) else "the gateway has not done it"
        return replace(step, why=f"{step.why}; {heard}")

    return [told(step) for step in steps]


def _is_done(step: Step, record: PaymentRecord | None) -> bool:
    if record is None:
        return False
    return {
        "VoidAuthorization": record.status is PaymentStatus.VOIDED,
        "CapturePayment": record.status is PaymentStatus.CAPTURED,
        "RefundPayment": not set(step.effects).isdisjoint(record.refunds),
    }[step.state]


def is_execution(parker: str) -> bool:
    return parker.startswith("arn:")


def by_hand(order: Order, check: str) -> str:
    return f"{check} found: {order.parked[check].cause}"


def named(arn: str) -> tuple[str, str]:
    """The machine and the name of an execution; a deployment may put its shop's name before the machine's."""
    *_, machine, name = arn.split(":")
    return machine.rpartition("-")[2], name
