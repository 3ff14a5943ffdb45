"""Closes a report, and counts what was found, so that it raises an alarm. Idempotent: a report is closed once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.reconciliation import report as reports
from oms.ports import Deps
from tasks.runtime import task


@dataclass(frozen=True)
class CloseReport:
    report: str


@task
def close_report(command: CloseReport, deps: Deps) -> Mapping[str, Any]:
    report = reports.close_report(deps, command.report)
    return {
        "report": report.id,
        "outcome": "discrepancies" if report.found else "clean",
        "found": report.found,
        "repaired": report.repaired,
        "metrics": {"Discrepancy": report.found},
    }
