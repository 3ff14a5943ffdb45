"""Checks the next page of stock counters: each with the sums of its ledger and of what orders hold.

After the last page it parks the orders that hold something else than was reserved for them, and settles those that it
parked earlier; or it starts another pass for the SKUs that differ for the first time. Not compensated. Idempotent: a
page is read once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.commit import commit
from oms.application.reconciliation.report import CHECK_OF_STOCK as CHECK
from oms.application.reconciliation.report import CLOSE, LEDGER, ReconciliationReport, read_page
from oms.domain import parking
from oms.domain.errors import OrderNotFound
from oms.domain.invariants import Violation
from oms.domain.inventory import Stock
from oms.domain.order import Order
from oms.domain.stock_reconciliation import MAX_PASSES
from oms.ports import Deps
from tasks.runtime import task

PAGE = 500


@dataclass(frozen=True)
class CheckStock:
    report: str
    number: int


@task
def check_stock(command: CheckStock, deps: Deps) -> Mapping[str, Any]:
    def read(report: ReconciliationReport) -> None:
        page = deps.inventory.every_stock(PAGE, report.cursor)
        report.skus += len(page.items) if report.stock.is_first_pass else 0
        for counter in page.items:
            report.add_findings(report.stock.compare_counter(counter))
        report.advance(page.cursor, then=CLOSE)
        if page.cursor is None:
            _end_pass(deps, report)

    return read_page(deps, command.report, command.number, read)


def _end_pass(deps: Deps, report: ReconciliationReport) -> None:
    violations, undecided = report.stock.end_pass()
    _add_violations(deps, report, violations)
    if undecided and report.stock.pass_number < MAX_PASSES:
        counters = deps.inventory.stock(undecided)
        report.stock.start_next_pass(counters.get(sku, Stock(sku)) for sku in undecided)
        report.next = LEDGER
        return
    report.undecided = undecided
    for order_id in report.doubted:
        commit(deps, order_id, CHECK, lambda order: parking.settle_discrepancy(order, CHECK))
        report.settled += 1


def _add_violations(deps: Deps, report: ReconciliationReport, violations: Iterable[Violation]) -> None:
    """Parks the orders among the subjects, except for what an operator has accepted."""
    by_subject = defaultdict(list)
    for violation in violations:
        by_subject[violation.subject].append(violation)
    for subject, of_subject in by_subject.items():
        what = "; ".join(each.what for each in of_subject)
        order = _find_order(deps, subject)
        if order is not None and parking.is_accepted(order, CHECK, what):
            report.accepted += 1
            continue
        report.add_findings(of_subject)
        if order is not None:
            report.parked += _park_order(deps, subject, what).version > order.version
            report.doubted = [order_id for order_id in report.doubted if order_id != subject]


def _park_order(deps: Deps, order_id: str, what: str) -> Order:
    return commit(deps, order_id, CHECK, lambda order: parking.park_discrepancy(order, CHECK, what))


def _find_order(deps: Deps, subject: str) -> Order | None:
    """None for a SKU, or an order that doesn't exist."""
    try:
        return deps.orders.get(subject)
    except OrderNotFound:
        return None
