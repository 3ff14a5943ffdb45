"""A reconciliation's report in the terminal, and the clock that the one-machine stack keeps for it."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from rich.console import Console

from local.aws.step_functions import SCHEDULES, seconds_of
from local.commands.reconcile import SHOWN, show
from oms.application.reconciliation.report import Report
from oms.domain.invariants import Violation


def shown(report: Report) -> str:
    text = StringIO()
    show(Console(file=text, width=200), report, "s3://reports/reconciliations/daily.json")
    return text.getvalue()


def test_a_report_shows_what_was_looked_at_what_was_wrong_and_what_was_repaired():
    report = Report("daily", "2026-03-02T12:00:00+00:00", orders=1200, moving=3, undecided=["TEA"])
    report.find([Violation("money", "ord_1", "is authorized at the gateway")])
    report.repair("ord_2", "NewOrder ord_2 was gone: it is started")
    text = shown(report)
    assert "1,200" in text
    assert "money: ord_1 is authorized at the gateway" in text
    assert "repaired ord_2: NewOrder ord_2 was gone: it is started" in text
    assert "undecided: TEA" in text
    assert "All of it in s3://reports/reconciliations/daily.json" in text


def test_of_many_findings_the_first_are_shown_and_the_file_is_named():
    report = Report("daily", "2026-03-02T12:00:00+00:00")
    report.find(Violation("stock", f"SKU-{n}", "disagrees") for n in range(SHOWN + 5))
    text = shown(report)
    assert text.count("disagrees") == SHOWN
    assert "5 more of these in s3://" in text


def test_the_clock_knows_every_schedule_of_a_machine():
    schedules = json.loads(SCHEDULES.read_text())
    assert {name: seconds_of(schedule) for name, schedule in schedules.items()} == {"Reconcile": 86400}
    assert seconds_of("rate(5 minutes)") == 300
    with pytest.raises(ValueError, match="cron"):
        seconds_of("cron(0 4 * * ? *)")
