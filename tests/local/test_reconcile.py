"""A reconciliation's report in the terminal, and its schedule on one machine."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from local.aws.step_functions import schedule_seconds
from local.commands.reconcile import PRINTED_LINES, print_report
from oms.application.reconciliation.report import ReconciliationReport
from oms.declarations.machines import machine_schedules
from oms.domain.invariants import Violation


def printed(report: ReconciliationReport) -> str:
    text = StringIO()
    print_report(Console(file=text, width=200), report, "s3://reports/reconciliations/daily.json")
    return text.getvalue()


def test_a_report_has_the_counts_the_findings_and_the_repairs():
    report = ReconciliationReport("daily", "2026-03-02T12:00:00+00:00", orders=1200, moving=3, undecided=["TEA"])
    report.add_findings([Violation("money", "ord_1", "is authorized at the gateway")])
    report.add_repair("ord_2", "NewOrder ord_2 was gone: it is started")
    text = printed(report)
    assert "1,200" in text
    assert "money: ord_1 is authorized at the gateway" in text
    assert "repaired ord_2: NewOrder ord_2 was gone: it is started" in text
    assert "undecided: TEA" in text
    assert "Full report: s3://reports/reconciliations/daily.json" in text


def test_of_many_findings_the_first_are_printed_with_the_report_s_url():
    report = ReconciliationReport("daily", "2026-03-02T12:00:00+00:00")
    report.add_findings(Violation("stock", f"SKU-{n}", "disagrees") for n in range(PRINTED_LINES + 5))
    text = printed(report)
    assert text.count("disagrees") == PRINTED_LINES
    assert "5 more lines: s3://" in text


def test_every_schedule_of_a_state_machine_is_a_rate():
    schedules = {name: schedule_seconds(schedule) for name, schedule in machine_schedules().items()}
    assert schedules == {"Reconcile": 86400}
    assert schedule_seconds("rate(5 minutes)") == 300
    with pytest.raises(ValueError, match="cron"):
        schedule_seconds("cron(0 4 * * ? *)")
