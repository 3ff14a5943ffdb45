"""make reconcile: let the running shop's state machine hold all books against each other now, and show its report."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from local.aws import resources as cloud
from local.stack.settings import Places, machine_arn
from local.stack.stack import environment_of, pool_of_running
from oms.adapters.wiring import deps
from oms.application.reconciliation.report import Report, report_of

LOOK_EVERY_SECONDS = 0.2
SHOWN = 20


def main() -> int:
    console = Console(highlight=False)
    places = Places.of()
    if pool_of_running(places) is None:
        console.print("make reconcile: no shop runs here: make run first", style="red")
        return 1
    environment = environment_of(places)
    name = time.strftime("by-hand-%Y%m%dT%H%M%S", time.gmtime())
    run = reconcile(environment, name)
    if run["status"] != "SUCCEEDED":
        console.print(f"{name} {run['status']}: {run.get('error')} {run.get('cause')}", style="red", markup=False)
        return 1
    told = deps(environment).reports.get(name)
    if told is None:
        raise LookupError(f"the reconciliation has left no report {name}")
    report = report_of(told)
    show(console, report, f"s3://{environment['REPORTS_BUCKET']}/reconciliations/{name}.json")
    return 1 if report.found else 0


def reconcile(environment: Mapping[str, str], name: str) -> Mapping[str, Any]:
    """Start an execution, and answer how it ended."""
    states = cloud.client("stepfunctions", environment)
    arn = states.start_execution(stateMachineArn=machine_arn("Reconcile"), name=name)["executionArn"]
    while True:
        run: Mapping[str, Any] = states.describe_execution(executionArn=arn)
        if run["status"] != "RUNNING":
            return run
        time.sleep(LOOK_EVERY_SECONDS)


def show(console: Console, report: Report, where: str) -> None:
    console.print(table(report))
    for each in report.findings[:SHOWN]:
        _line(console, f"{each['invariant']}: {each['subject']} {each['what']}", "red")
    for each in report.repairs[:SHOWN]:
        _line(console, f"repaired {each['subject']}: {each['what']}", "green")
    for sku in report.undecided[:SHOWN]:
        _line(console, f"undecided: {sku} differs from its ledger, and never stood still", "yellow")
    more = max(0, report.found - SHOWN) + max(0, report.repaired - SHOWN)
    _line(console, f"{f'{more} more of these' if more else 'All of it'} in {where}", "dim")


def table(report: Report) -> Table:
    shown = Table(title=f"Reconciliation {report.id}", title_justify="left")
    for column in ("looked at", "", "came of it", " "):
        shown.add_column(column, justify="left" if column in ("looked at", "came of it") else "right")
    looked = {"orders": report.orders, "lines of the stock ledger": report.entries, "SKUs": report.skus}
    came = {"wrong": report.found, "repaired": report.repaired, "newly parked": report.parked}
    looked["discount codes"], came["settled"] = report.codes, report.settled
    looked["orders that moved meanwhile"], came["undecided"] = report.moving, len(report.undecided)
    looked["pages"], came["settled by hand"] = report.pages, report.accepted
    for (what, count), (outcome, number) in zip(looked.items(), came.items(), strict=True):
        style = "red" if number and outcome in ("wrong", "newly parked") else "green"
        shown.add_row(what, f"{count:,}", outcome, f"[{style}]{number:,}[/]")
    return shown


def _line(console: Console, text: str, style: str) -> None:
    console.print(f"  {text}", style=style, markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
