"""Hold the next page of discount codes against their ledgers: each one's counter against the sum of its uses.

What an order claimed is CheckOrders' to see, which also names the codes. A counter belongs to no order, so what is
wrong with it parks none: the report tells it, and it alarms. Compensated by nothing. Safe to run twice: a page is read
once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oms.application.reconciliation.report import STOCK, Report, read_page
from oms.domain import invariants
from oms.domain.invariants import Violation
from oms.ports import Deps
from tasks.runtime import task

PAGE = 10
"""A ledger may have thousands of lines: as many as fit into a function's time."""


@dataclass(frozen=True)
class CheckCodes:
    report: str
    number: int


@task
def handler(command: CheckCodes, deps: Deps) -> Mapping[str, Any]:
    def read(report: Report) -> None:
        page, left = report.uncounted[:PAGE], report.uncounted[PAGE:]
        for code in page:
            report.find(_wrong(deps, code))
        report.codes, report.uncounted = report.codes + len(page), left
        report.advance(left[0] if left else None, then=STOCK)

    return read_page(deps, command.report, command.number, read)


def _wrong(deps: Deps, code: str) -> Sequence[Violation]:
    """What is still wrong at a second look: one is used, and given back, while its ledger is read."""
    found = _seen(deps, code)
    return [each for each in _seen(deps, code) if each in found] if found else []


def _seen(deps: Deps, code: str) -> Sequence[Violation]:
    """What is wrong with a code whose counter stands still while its ledger is read; one that moves is in use."""
    before, uses, after = deps.discounts.get(code), deps.discounts.uses(code), deps.discounts.get(code)
    if after is None:
        return [Violation("codes", code, "orders were placed with it, and there is no such code")]
    return invariants.of_code(after, uses) if before == after else []
