"""Hold the next page of stock counters against the sums of their ledger and of what orders hold.

After the last page it parks the orders that hold other than what was reserved for them, and settles those that it
parked once; or it has all be looked at again, where something differs for the first time. Compensated by nothing. Safe
to run twice: a page is read once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.commit import commit
from oms.application.reconciliation.report import CHECK_OF_STOCK as CHECK
from oms.application.reconciliation.report import CLOSE, LEDGER, Report, read_page
from oms.domain import parking
from oms.domain.errors import OrderNotFound
from oms.domain.invariants import Violation
from oms.domain.inventory import Stock
from oms.domain.order import Order
from oms.domain.stock_reconciliation import LOOKS
from oms.ports import Deps
from tasks.runtime import task

PAGE = 500


@dataclass(frozen=True)
class CheckStock:
    report: str
    number: int


@task
def handler(command: CheckStock, deps: Deps) -> Mapping[str, Any]:
    def read(report: Report) -> None:
        page = deps.inventory.every_stock(PAGE, report.cursor)
        report.skus += len(page.items) if report.stock.look == 1 else 0
        for counter in page.items:
            report.find(report.stock.count(counter))
        report.advance(page.cursor, then=CLOSE)
        if page.cursor is None:
            _conclude(deps, report)

    return read_page(deps, command.report, command.number, read)


def _conclude(deps: Deps, report: Report) -> None:
    found, left = report.stock.conclude()
    _tell(deps, report, found)
    if left and report.stock.look < LOOKS:
        counters = deps.inventory.stock(left)
        report.stock.look_again(counters.get(sku, Stock(sku)) for sku in left)
        report.next = LEDGER
        return
    report.undecided = left
    for order_id in report.doubted:
        commit(deps, order_id, CHECK, lambda order: parking.settle(order, CHECK))
        report.settled += 1


def _tell(deps: Deps, report: Report, found: Iterable[Violation]) -> None:
    """Park the orders among the subjects, but for what somebody has settled by hand."""
    by_subject = defaultdict(list)
    for each in found:
        by_subject[each.subject].append(each)
    for subject, violations in by_subject.items():
        what = "; ".join(each.what for each in violations)
        order = _order(deps, subject)
        if order is not None and parking.is_accepted(order, CHECK, what):
            report.accepted += 1
            continue
        report.find(violations)
        if order is not None:
            report.parked += _doubted(deps, subject, what).version > order.version
            report.doubted = [order_id for order_id in report.doubted if order_id != subject]


def _doubted(deps: Deps, order_id: str, what: str) -> Order:
    return commit(deps, order_id, CHECK, lambda order: parking.doubt(order, CHECK, what))


def _order(deps: Deps, subject: str) -> Order | None:
    """None for a SKU, or an order that there isn't."""
    try:
        return deps.orders.get(subject)
    except OrderNotFound:
        return None
