"""Checks the next page of orders, repairs what is safe, and parks what is wrong.

Not compensated: repairs are made by the order's own steps. Idempotent: an order that was repaired or parked is found
so. Orders that change meanwhile are left to the next run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from oms.application.reconciliation.order_check import OrderCheck, check_order
from oms.application.reconciliation.report import CHECK_OF_STOCK, CODES, STOCK, ReconciliationReport, read_page
from oms.domain.order import Order
from oms.ports import Deps
from tasks.runtime import task

PAGE = 25
"""Each order is looked up at the gateway, and a function has ten seconds."""
PAGE_OF_SUMS = 500
THREADS = 8


@dataclass(frozen=True)
class CheckOrders:
    report: str
    number: int


@task
def check_orders(command: CheckOrders, deps: Deps) -> Mapping[str, Any]:
    def read(report: ReconciliationReport) -> None:
        is_first = report.stock.is_first_pass
        page = deps.orders.every(PAGE if is_first else PAGE_OF_SUMS, report.cursor)
        for order in _check_page(deps, report, page.items) if is_first else page.items:
            report.stock.add_order(order)
        report.advance(page.cursor, then=CODES if report.uncounted else STOCK)

    return read_page(deps, command.report, command.number, read)


def _check_page(deps: Deps, report: ReconciliationReport, orders: Sequence[Order]) -> list[Order]:
    """Adds the checks to the report, and returns the orders after them."""
    checks = _check_each(deps, orders)
    for check in checks:
        _add_check(report, check)
    after = [check.order or order for order, check in zip(orders, checks, strict=True)]
    report.uncounted = sorted({*report.uncounted, *(order.code for order in after if order.code)})
    report.doubted += [order.id for order in after if CHECK_OF_STOCK in order.parked]
    return after


def _check_each(deps: Deps, orders: Sequence[Order]) -> list[OrderCheck]:
    if len(orders) == 1:  # needs no threads
        return [check_order(deps, orders[0].id)]
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda order: check_order(deps, order.id), orders))


def _add_check(report: ReconciliationReport, check: OrderCheck) -> None:
    report.orders += 1
    report.moving += check.order is None
    report.parked += check.parked
    report.settled += check.settled
    report.accepted += check.accepted
    report.add_findings(check.violations)
    if check.repairs:
        report.add_repair(check.order_id, check.repairs)
