"""Hold the next page of orders against every invariant, repair what is safe, and park what is wrong.

Compensated by nothing: what it repairs it does under the order's own keys, as its tasks would. Safe to run twice: an
order that was repaired or parked is found so. Orders that move meanwhile are left to the next run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from oms.application.reconciliation.order_check import Checked, check
from oms.application.reconciliation.report import CHECK_OF_STOCK, CODES, STOCK, Report, read_page
from oms.domain.order import Order
from oms.ports import Deps
from tasks.runtime import task

PAGE = 25
"""Each order is looked up at the gateway: as many as fit into a function's time."""
PAGE_OF_SUMS = 500
AT_ONCE = 8


@dataclass(frozen=True)
class CheckOrders:
    report: str
    number: int


@task
def handler(command: CheckOrders, deps: Deps) -> Mapping[str, Any]:
    def read(report: Report) -> None:
        first = report.stock.look == 1
        page = deps.orders.every(PAGE if first else PAGE_OF_SUMS, report.cursor)
        for order in _checked(deps, report, page.items) if first else page.items:
            report.stock.hold(order)
        report.advance(page.cursor, then=CODES if report.uncounted else STOCK)

    return read_page(deps, command.report, command.number, read)


def _checked(deps: Deps, report: Report, orders: Sequence[Order]) -> list[Order]:
    """The orders as the check left them; what came of it is in the report."""
    results = _each_checked(deps, orders)
    for result in results:
        _enter(report, result)
    after = [result.order or order for order, result in zip(orders, results, strict=True)]
    report.uncounted = sorted({*report.uncounted, *(order.code for order in after if order.code)})
    report.doubted += [order.id for order in after if CHECK_OF_STOCK in order.parked]
    return after


def _each_checked(deps: Deps, orders: Sequence[Order]) -> list[Checked]:
    if len(orders) == 1:  # needs no threads
        return [check(deps, orders[0].id)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda order: check(deps, order.id), orders))


def _enter(report: Report, result: Checked) -> None:
    report.orders += 1
    report.moving += result.order is None
    report.parked += result.parked
    report.settled += result.settled
    report.accepted += result.accepted
    report.find(result.found)
    if result.repaired:
        report.repair(result.order_id, result.repaired)
