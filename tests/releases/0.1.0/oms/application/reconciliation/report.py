"""The report of a reconciliation, which is also its memory: how far it has come, and the sums so far.

A page is read once: whoever asks again for one that was read hears what came of it. So a task may run twice, and an
execution's state holds no more than a report's name and a page's number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from oms.domain.invariants import Violation
from oms.domain.stock_reconciliation import Difference, Sum, Tally
from oms.ports import Deps

LISTED = 500
"""So many findings and repairs are told one by one; all are counted."""
PAGES_OF_ONE = 2500
"""An execution may have 25,000 events; after so many pages another goes on."""

CHECK_OF_ORDERS, CHECK_OF_STOCK = "CheckOrders", "CheckStock"
"""The names under which the checks park an order."""

ELSEWHERE = "elsewhere"
LEDGER, ORDERS, CODES, STOCK, CLOSE = "ledger", "orders", "codes", "stock", "close"


@dataclass
class Report:
    """``next`` is what is read next, from ``cursor`` on: the stock ledger, orders, discount codes, stock counters,
    or nothing more."""

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
    """Orders that moved while they were read: the next run looks at them."""
    found: int = 0
    repaired: int = 0
    parked: int = 0
    settled: int = 0
    accepted: int = 0
    """Orders with nothing wrong but what somebody has settled by hand."""
    findings: list[dict[str, str]] = field(default_factory=list)
    repairs: list[dict[str, str]] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    """SKUs that differ, and never stood still to be looked at."""
    doubted: list[str] = field(default_factory=list)
    """Orders that an earlier check of stock has parked."""
    uncounted: list[str] = field(default_factory=list)
    """Discount codes that orders were placed with, until each was looked at."""
    tally: Tally | None = field(default_factory=Tally)

    def advance(self, cursor: str | None, then: str) -> None:
        self.cursor = cursor
        if cursor is None:
            self.next = then

    def find(self, violations: Iterable[Violation]) -> None:
        for each in violations:
            self.found += 1
            if len(self.findings) < LISTED:
                self.findings.append(asdict(each))

    def repair(self, subject: str, what: str) -> None:
        self.repaired += 1
        if len(self.repairs) < LISTED:
            self.repairs.append({"subject": subject, "what": what})

    @property
    def stock(self) -> Tally:
        if self.tally is None:
            raise ValueError(f"report {self.id} is closed")
        return self.tally


def open_report(deps: Deps, report_id: str) -> Mapping[str, Any]:
    """Begin a report, or go on with it where it stands."""
    report = _stored(deps, report_id)
    if report is None:
        report = Report(report_id, deps.clock.now().isoformat())
        _store(deps, report)
    return {"report": report_id, "number": report.pages, "next": report.next}


def read_page(deps: Deps, report_id: str, number: int, read: Callable[[Report], None]) -> Mapping[str, Any]:
    """Let ``read`` add the next page to the report, unless that page was read before. Answers what comes next."""
    report = _stored(deps, report_id)
    if report is None:
        raise LookupError(f"there is no report {report_id}")
    if report.pages == number:
        read(report)
        report.pages += 1
        _store(deps, report)
    elsewhere = report.pages % PAGES_OF_ONE == 0
    return {"report": report_id, "number": report.pages, "next": ELSEWHERE if elsewhere else report.next}


def close_report(deps: Deps, report_id: str) -> Report:
    """End a report; what only its making needed is dropped."""
    report = _stored(deps, report_id)
    if report is None:
        raise LookupError(f"there is no report {report_id}")
    if not report.ended_at:
        report.ended_at, report.tally, report.doubted = deps.clock.now().isoformat(), None, []
        _store(deps, report)
    return report


def _stored(deps: Deps, report_id: str) -> Report | None:
    told = deps.reports.get(report_id)
    return None if told is None else report_of(told)


def _store(deps: Deps, report: Report) -> None:
    deps.reports.put(report.id, told_of(report))


def told_of(report: Report) -> Mapping[str, Any]:
    """A report as JSON that is written at once: nothing is copied, since a report of a large shop is long."""
    tally = report.tally
    if tally is None:
        return vars(report)
    rows = {"sums": _rows(tally.sums), "seen": _rows(tally.seen)}
    return {**vars(report), "tally": {**vars(tally), **rows}}


def _rows(by_sku: Mapping[str, Sum | Difference]) -> dict[str, dict[str, Any]]:
    return {sku: vars(each) for sku, each in by_sku.items()}


def report_of(told: Mapping[str, Any]) -> Report:
    """A report from its JSON."""
    tally = told["tally"]
    return Report(**{**told, "tally": None if tally is None else _tally_of(tally)})


def _tally_of(told: Mapping[str, Any]) -> Tally:
    seen = {sku: Difference(tuple(d["counter"]), tuple(d["ledger"]), d["mark"]) for sku, d in told["seen"].items()}
    suspects = {sku: (on_hand, reserved) for sku, (on_hand, reserved) in told["suspects"].items()}
    return Tally(told["look"], {sku: Sum(**each) for sku, each in told["sums"].items()}, told["shares"], seen, suspects)
