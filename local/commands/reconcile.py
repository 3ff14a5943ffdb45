"""make reconcile: run the Reconcile state machine of the running shop now, and print its report."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from local.aws.names import machine_arn
from local.aws.resources import client
from local.commands.running_shop import running_environment
from oms.adapters.wiring import deps
from oms.application.reconciliation.report import ReconciliationReport, report_from_json

POLL_SECONDS = 0.2
PRINTED_LINES = 20


def main() -> int:
    console = Console(highlight=False)
    environment = running_environment("reconcile")
    name = time.strftime("by-hand-%Y%m%dT%H%M%S", time.gmtime())
    execution = reconcile(environment, name)
    if execution["status"] != "SUCCEEDED":
        failure = f"{name} {execution['status']}: {execution.get('error')} {execution.get('cause')}"
        console.print(failure, style="red", markup=False)
        return 1
    document = deps(environment).reports.get(name)
    if document is None:
        raise LookupError(f"the reconciliation wrote no report {name}")
    report = report_from_json(document)
    print_report(console, report, f"s3://{environment['REPORTS_BUCKET']}/reconciliations/{name}.json")
    return 1 if report.found else 0


def reconcile(environment: Mapping[str, str], name: str) -> Mapping[str, Any]:
    """Start an execution and wait for its end. Returns its description."""
    states = client("stepfunctions", environment)
    arn = states.start_execution(stateMachineArn=machine_arn("Reconcile"), name=name)["executionArn"]
    while True:
        execution: Mapping[str, Any] = states.describe_execution(executionArn=arn)
        if execution["status"] != "RUNNING":
            return execution
        time.sleep(POLL_SECONDS)


def print_report(console: Console, report: ReconciliationReport, url: str) -> None:
    console.print(report_table(report))
    for each in report.findings[:PRINTED_LINES]:
        _print_line(console, f"{each['invariant']}: {each['subject']} {each['what']}", "red")
    for each in report.repairs[:PRINTED_LINES]:
        _print_line(console, f"repaired {each['subject']}: {each['what']}", "green")
    for sku in report.undecided[:PRINTED_LINES]:
        _print_line(console, f"undecided: {sku} differs from its ledger, and changed during every check", "yellow")
    more = max(0, report.found - PRINTED_LINES) + max(0, report.repaired - PRINTED_LINES)
    _print_line(console, f"{f'{more} more lines' if more else 'Full report'}: {url}", "dim")


def report_table(report: ReconciliationReport) -> Table:
    table = Table(title=f"Reconciliation {report.id}", title_justify="left")
    for column in ("checked", "", "result", " "):
        table.add_column(column, justify="left" if column in ("checked", "result") else "right")
    checked = {
        "orders": report.orders,
        "stock ledger entries": report.entries,
        "SKUs": report.skus,
        "discount codes": report.codes,
        "orders that changed meanwhile": report.moving,
        "pages": report.pages,
    }
    results = {
        "wrong": report.found,
        "repaired": report.repaired,
        "newly parked": report.parked,
        "settled": report.settled,
        "undecided": len(report.undecided),
        "settled by hand": report.accepted,
    }
    for (subject, count), (result, number) in zip(checked.items(), results.items(), strict=True):
        style = "red" if number and result in ("wrong", "newly parked") else "green"
        table.add_row(subject, f"{count:,}", result, f"[{style}]{number:,}[/]")
    return table


def _print_line(console: Console, text: str, style: str) -> None:
    console.print(f"  {text}", style=style, markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
