"""Checks the next page of discount codes: each one's counter with the sum of its uses.

What an order claimed is checked by CheckOrders, which also collects the codes. A counter belongs to no order, so a
violation parks none: it is in the report, and raises an alarm. Not compensated. Idempotent: a page is read once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oms.application.reconciliation.report import STOCK, ReconciliationReport, read_page
from oms.domain import invariants
from oms.domain.invariants import Violation
from oms.ports import Deps
from tasks.runtime import task

PAGE = 10
"""A code's ledger may have thousands of lines, and a function has ten seconds."""


@dataclass(frozen=True)
class CheckCodes:
    report: str
    number: int


@task
def check_codes(command: CheckCodes, deps: Deps) -> Mapping[str, Any]:
    def read(report: ReconciliationReport) -> None:
        page, left = report.uncounted[:PAGE], report.uncounted[PAGE:]
        for code in page:
            report.add_findings(_violations(deps, code))
        report.codes, report.uncounted = report.codes + len(page), left
        report.advance(left[0] if left else None, then=STOCK)

    return read_page(deps, command.report, command.number, read)


def _violations(deps: Deps, code: str) -> Sequence[Violation]:
    """Those that a second reading confirms: a code may be used, and given back, while its ledger is read."""
    first = _read_violations(deps, code)
    return [each for each in _read_violations(deps, code) if each in first] if first else []


def _read_violations(deps: Deps, code: str) -> Sequence[Violation]:
    """None if the counter changed while the ledger was read: the code is in use."""
    before, uses, after = deps.discounts.get(code), deps.discounts.uses(code), deps.discounts.get(code)
    if after is None:
        return [Violation("codes", code, "orders were placed with it, and there is no such code")]
    return invariants.of_code(after, uses) if before == after else []
