"""Letting parked orders go on: what a redrive will and won't do, and doing it, one order or all of them at a pace.

An order is parked by executions that failed, and by checks that found its books to disagree. Executions are
redriven, each with an event that names who asked; what a check found is settled by the check, once it is mended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from oms.application.commit import commit
from oms.application.recovery.redrive_preview import Step, Verdict, rehearse
from oms.application.recovery.replacement import NOTHING_LEFT, resumption
from oms.application.recovery.replacement import replace as replace_execution
from oms.application.recovery.resume_plan import Resumption, way
from oms.domain import parking
from oms.domain.errors import OmsError, OrderNotParked, Unavailable
from oms.domain.order import Order, called
from oms.domain.payment import PaymentRecord, PaymentStatus
from oms.ports import Deps, Run

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
    """What became of one execution: it goes on, and by what if not by itself; or why not."""

    order_id: str
    execution: str
    goes_on: bool
    why: str


@dataclass(frozen=True)
class Pace:
    """So many orders at the most, so many executions a second, and none begun after this long."""

    limit: int
    per_second: float
    longest: timedelta = timedelta(seconds=5)


@dataclass(frozen=True)
class Bulk:
    """Part of the parked orders, redriven. ``cursor`` asks for the next part, None at the end."""

    done: tuple[Redriven, ...]
    cursor: str | None


def plan(deps: Deps, order: Order) -> list[Plan]:
    """What a redrive would do to a parked order, and what it would find done; nothing is written."""
    return [_planned(deps, order, parker) for parker in order.parked]


def redrive(deps: Deps, order: Order, by: str, reason: str) -> list[Redriven]:
    """Let every parked execution of an order go on, in somebody's name. Raises ``OrderNotParked`` where none is."""
    if not order.parked:
        raise OrderNotParked(f"order {order.id} is not parked")
    return [_redriven(deps, order, parker, by, reason) for parker in order.parked]


def redrive_parked(deps: Deps, by: str, reason: str, before: datetime, pace: Pace, cursor: str | None = None) -> Bulk:
    """Redrive those that were parked before a moment, longest parked first: what parks again meanwhile is let be."""
    done: list[Redriven] = []
    until = deps.clock.now() + pace.longest
    for _ in range(pace.limit):
        page = deps.orders.in_queue("parked", 1, cursor)
        cursor = page.cursor
        for order in page.items:
            if min(parked.at for parked in order.parked.values()) >= before:
                return Bulk(tuple(done), None)
            for parker in order.parked:
                done.append(_redriven(deps, order, parker, by, reason))
                deps.clock.sleep(1 / pace.per_second)
        if cursor is None or deps.clock.now() >= until:
            break
    return Bulk(tuple(done), cursor)


def _redriven(deps: Deps, order: Order, parker: str, by: str, reason: str) -> Redriven:
    if not is_execution(parker):
        return Redriven(order.id, parker, False, by_hand(order, parker))
    try:
        commit(deps, order.id, by, lambda order: parking.request_redrive(order, parker, reason))
        run = deps.executions.find(*called(parker).split(":"))
        if is_past_redriving(run):
            return Redriven(order.id, parker, True, replace_execution(deps, order, parker, run, by))
        goes_on = deps.executions.redrive(parker)
    except Unavailable as error:
        return Redriven(order.id, parker, False, f"unknown: {error}")
    except OmsError as error:
        return Redriven(order.id, parker, False, f"{type(error).__name__}: {error}")
    return Redriven(order.id, parker, goes_on, "" if goes_on else "it goes on already")


def is_past_redriving(run: Run | None) -> bool:
    return run is None or not (run.is_running or run.redrivable)


def _planned(deps: Deps, order: Order, parker: str) -> Plan:
    if not is_execution(parker):
        return Plan(order.id, parker, "none", by_hand(order, parker))
    run = deps.executions.find(*called(parker).split(":"))
    if run is not None and run.is_running:
        return Plan(order.id, parker, "none", "it goes on already")
    it = resumption(deps, order, parker, run)
    return _rehearsed(deps, order, it, run) if it else Plan(order.id, parker, "none", NOTHING_LEFT)


def _rehearsed(deps: Deps, order: Order, it: Resumption, run: Run | None) -> Plan:
    steps = list(rehearse(order, deps.orders.events(order.id), it, deps.clock.now()))
    if any(step.verdict is Verdict.RUNS and step.state in AT_GATEWAY for step in steps):
        steps = told_by_gateway(steps, deps.payments.find(order.payment_request) if order.is_priced else None)
    why = f"it is {run.status}" if run else "Step Functions has forgotten it"
    if is_past_redriving(run):
        why += ", too old to be redriven: another takes its place"
    return Plan(order.id, it.execution, way(order, it), why, tuple(steps))


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
