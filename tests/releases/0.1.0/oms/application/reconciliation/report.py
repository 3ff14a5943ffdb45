"""The report of a reconciliation, which is also its progress: the next page, and the sums so far.

A page is read once: a task that asks again for a page that was read gets the answer of the first time. So a task may
run twice, and the execution's state holds only the report's name and the number of the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from oms.domain.invariants import Violation
from oms.domain.stock_reconciliation import LedgerSum, StockDifference, StockReconciliation
from oms.ports import Deps

MAX_LISTED = 500
"""How many findings, and repairs, are listed one by one. All are counted."""
PAGES_PER_EXECUTION = 2500
"""An execution may have 25,000 events: after this many pages another execution continues."""

CHECK_OF_ORDERS, CHECK_OF_STOCK = "CheckOrders", "CheckStock"
"""The names under which the checks park an order."""

ELSEWHERE = "elsewhere"
LEDGER, ORDERS, CODES, STOCK, CLOSE = "ledger", "orders", "codes", "stock", "close"


@dataclass
class ReconciliationReport:
    """``next`` is what is read next, from ``cursor`` on: the stock ledger, orders, discount codes, stock counters, or
    nothing more."""

    id: str
    started_at: str
    ended_at: str = ""
    next: str = LEDGER
    cursor: str | None = None
    pages: int = 0
    orders: int = 0
    entries: int = 0
    codes: int = 0
    skus: int = 0
    moving: int = 0
    """Orders that changed while they were read: the next run checks them."""
    found: int = 0
    repaired: int = 0
    parked: int = 0
    settled: int = 0
    accepted: int = 0
    """Orders whose only violations were accepted by an operator."""
    findings: list[dict[str, str]] = field(default_factory=list)
    repairs: list[dict[str, str]] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    """SKUs that differ, and changed during every pass."""
    doubted: list[str] = field(default_factory=list)
    """Orders that an earlier check of stock has parked."""
    uncounted: list[str] = field(default_factory=list)
    """Discount codes of orders, which are still to be checked."""
    stock_reconciliation: StockReconciliation | None = field(default_factory=StockReconciliation)
    """None once the report is closed."""

    def advance(self, cursor: str | None, then: str) -> None:
        self.cursor = cursor
        if cursor is None:
            self.next = then

    def add_findings(self, violations: Iterable[Violation]) -> None:
        for violation in violations:
            self.found += 1
            if len(self.findings) < MAX_LISTED:
                self.findings.append(asdict(violation))

    def add_repair(self, subject: str, what: str) -> None:
        self.repaired += 1
        if len(self.repairs) < MAX_LISTED:
            self.repairs.append({"subject": subject, "what": what})

    @property
    def stock(self) -> StockReconciliation:
        if self.stock_reconciliation is None:
            raise ValueError(f"report {self.id} is closed")
        return self.stock_reconciliation


def open_report(deps: Deps, report_id: str) -> Mapping[str, Any]:
    """Starts a report, or continues a stored one."""
    report = _load(deps, report_id)
    if report is None:
        report = ReconciliationReport(report_id, deps.clock.now().isoformat())
        _store(deps, report)
    return {"report": report_id, "number": report.pages, "next": report.next}


def read_page(
    deps: Deps, report_id: str, number: int, read: Callable[[ReconciliationReport], None]
) -> Mapping[str, Any]:
    """Lets ``read`` add the next page to the report, unless that page was read before. Returns what comes next."""
    report = _load_existing(deps, report_id)
    if report.pages == number:
        read(report)
        report.pages += 1
        _store(deps, report)
    continues_elsewhere = report.pages % PAGES_PER_EXECUTION == 0
    return {"report": report_id, "number": report.pages, "next": ELSEWHERE if continues_elsewhere else report.next}


def close_report(deps: Deps, report_id: str) -> ReconciliationReport:
    """Ends a report, and drops what only its progress needed."""
    report = _load_existing(deps, report_id)
    if not report.ended_at:
        report.ended_at, report.stock_reconciliation, report.doubted = deps.clock.now().isoformat(), None, []
        _store(deps, report)
    return report


def _load_existing(deps: Deps, report_id: str) -> ReconciliationReport:
    report = _load(deps, report_id)
    if report is None:
        raise LookupError(f"there is no report {report_id}")
    return report


def _load(deps: Deps, report_id: str) -> ReconciliationReport | None:
    stored = deps.reports.get(report_id)
    return None if stored is None else report_from_json(stored)


def _store(deps: Deps, report: ReconciliationReport) -> None:
    deps.reports.put(report.id, report_to_json(report))


def report_to_json(report: ReconciliationReport) -> Mapping[str, Any]:
    """Copies nothing, since the report of a large shop is long: it has to be written at once."""
    stock = report.stock_reconciliation
    if stock is None:
        return vars(report)
    rows = {"sums": _rows(stock.sums), "differences": _rows(stock.differences)}
    return {**vars(report), "stock_reconciliation": {**vars(stock), **rows}}


def _rows(by_sku: Mapping[str, LedgerSum | StockDifference]) -> dict[str, dict[str, Any]]:
    return {sku: vars(each) for sku, each in by_sku.items()}


def report_from_json(stored: Mapping[str, Any]) -> ReconciliationReport:
    stock = stored["stock_reconciliation"]
    fields = {**stored, "stock_reconciliation": None if stock is None else _stock_from_json(stock)}
    return ReconciliationReport(**fields)


def _stock_from_json(stored: Mapping[str, Any]) -> StockReconciliation:
    return StockReconciliation(
        pass_number=stored["pass_number"],
        sums={sku: LedgerSum(**each) for sku, each in stored["sums"].items()},
        shares=stored["shares"],
        differences={
            sku: StockDifference(tuple(each["counter"]), tuple(each["ledger"]), each["order_difference"])
            for sku, each in stored["differences"].items()
        },
        suspects={sku: (on_hand, reserved) for sku, (on_hand, reserved) in stored["suspects"].items()},
    )
