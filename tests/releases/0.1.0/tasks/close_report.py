"""End a report, and count what it found, so that it alarms. Safe to run twice: a report ends once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.reconciliation.report import close_report
from oms.ports import Deps
from tasks.runtime import task


@dataclass(frozen=True)
class CloseReport:
    report: str


@task
def handler(command: CloseReport, deps: Deps) -> Mapping[str, Any]:
    report = close_report(deps, command.report)
    return {
        "report": report.id,
        "outcome": "discrepancies" if report.found else "clean",
        "found": report.found,
        "repaired": report.repaired,
        "metrics": {"Discrepancy": report.found},
    }
