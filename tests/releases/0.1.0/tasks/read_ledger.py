"""Adds the next page of the stock ledger to a report's sums. Idempotent: a page is read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.reconciliation.report import ORDERS, ReconciliationReport, read_page
from oms.ports import Deps
from tasks.runtime import task

PAGE = 500


@dataclass(frozen=True)
class ReadLedger:
    report: str
    number: int


@task
def read_ledger(command: ReadLedger, deps: Deps) -> Mapping[str, Any]:
    def read(report: ReconciliationReport) -> None:
        page = deps.inventory.every_entry(PAGE, report.cursor)
        for entry in page.items:
            report.stock.add_entry(entry)
        report.entries += len(page.items) if report.stock.is_first_pass else 0
        report.advance(page.cursor, then=ORDERS)

    return read_page(deps, command.report, command.number, read)
