"""Redrives parked orders, one or all of them at a pace.

Each redriven execution gets an event that names the operator. What a check has found is not redriven: the check
settles it once it is repaired.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from oms.application.commit import commit
from oms.application.recovery.redrive_preview import found_by_check
from oms.application.recovery.replacement import can_be_redriven, replace_execution
from oms.domain import parking
from oms.domain.errors import OmsError, OrderNotParked, Unavailable
from oms.domain.order import Order, execution_key
from oms.ports import Deps


@dataclass(frozen=True)
class RedriveResult:
    """Of one execution. ``why`` says what takes its place, or why it doesn't go on."""

    order_id: str
    execution: str
    goes_on: bool
    why: str


@dataclass(frozen=True)
class Pace:
    """The most orders, executions a second, and the time after which no further order is redriven."""

    limit: int
    per_second: float
    longest: timedelta = timedelta(seconds=5)


@dataclass(frozen=True)
class RedriveBatch:
    """Part of the parked orders, redriven. ``cursor`` asks for the next part; it is None at the end."""

    results: tuple[RedriveResult, ...]
    cursor: str | None


def redrive_order(deps: Deps, order: Order, by: str, reason: str) -> list[RedriveResult]:
    """Redrives every parked execution of an order. Raises ``OrderNotParked`` if there is none."""
    if not order.parked:
        raise OrderNotParked(f"order {order.id} is not parked")
    return [_redrive(deps, order, parker, by, reason) for parker in order.parked]


def redrive_parked_orders(
    deps: Deps, by: str, reason: str, before: datetime, pace: Pace, cursor: str | None = None
) -> RedriveBatch:
    """Redrives the orders that were parked before a moment, longest parked first. What parks again later is left."""
    results: list[RedriveResult] = []
    until = deps.clock.now() + pace.longest
    for _ in range(pace.limit):
        page = deps.orders.in_queue("parked", 1, cursor)
        cursor = page.cursor
        for order in page.items:
            if min(parked.at for parked in order.parked.values()) >= before:
                return RedriveBatch(tuple(results), None)
            for parker in order.parked:
                results.append(_redrive(deps, order, parker, by, reason))
                deps.clock.sleep(1 / pace.per_second)
        if cursor is None or deps.clock.now() >= until:
            break
    return RedriveBatch(tuple(results), cursor)


def _redrive(deps: Deps, order: Order, parker: str, by: str, reason: str) -> RedriveResult:
    if not parking.is_execution(parker):
        return RedriveResult(order.id, parker, False, found_by_check(order, parker))
    try:
        commit(deps, order.id, by, lambda order: parking.request_redrive(order, parker, reason))
        execution = deps.executions.find(*execution_key(parker).split(":"))
        if not can_be_redriven(execution):
            return RedriveResult(order.id, parker, True, replace_execution(deps, order, parker, execution, by))
        goes_on = deps.executions.redrive(parker)
    except Unavailable as error:
        return RedriveResult(order.id, parker, False, f"unknown: {error}")
    except OmsError as error:
        return RedriveResult(order.id, parker, False, f"{type(error).__name__}: {error}")
    return RedriveResult(order.id, parker, goes_on, "" if goes_on else "it goes on already")
