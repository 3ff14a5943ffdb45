"""Helpers that falsify a shop's records, and read what a reconciliation finds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from oms.application.reconciliation.report import ReconciliationReport
from tests.workflows.shop import Shop

HOUR, DAY = 3600, 86400


def stored(shop: Shop, order_id: str = "ord_1", **changes: Any) -> None:
    """Changes the stored order, so that it differs from its events."""
    shop.store.orders[order_id] = replace(shop.order(order_id), **changes)


def forget(shop: Shop, machine: str, name: str = "ord_1") -> None:
    """Removes an execution, as if Step Functions had lost it."""
    stop(shop, machine, name)
    del shop.engine.executions[shop.machines[machine].execution_arn(name, "")]


def stop(shop: Shop, machine: str, name: str = "ord_1") -> None:
    shop.engine.stop(shop.execution(machine, name))


def quietly(shop: Shop) -> ReconciliationReport:
    """Reconciles after everything has been quiet for an hour."""
    shop.let_happen(HOUR)
    return shop.reconcile(f"report-{len(shop.reports.texts)}")


def findings(report: ReconciliationReport) -> list[str]:
    return [f"{each['invariant']}: {each['subject']} {each['what']}" for each in report.findings]
