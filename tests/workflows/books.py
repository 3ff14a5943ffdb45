"""Planting what is wrong in a shop's books, and reading what a reconciliation made of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from oms.application.reconciliation.report import Report
from tests.workflows.shop import Shop

HOUR, DAY = 3600, 86400


def stored(shop: Shop, order_id: str = "ord_1", **changes: Any) -> None:
    """Let the stored order say otherwise than its events."""
    shop.store.orders[order_id] = replace(shop.order(order_id), **changes)


def forget(shop: Shop, machine: str, name: str = "ord_1") -> None:
    """Let Step Functions have lost an execution."""
    stop(shop, machine, name)
    del shop.engine.executions[shop.machines[machine].execution_arn(name, "")]


def stop(shop: Shop, machine: str, name: str = "ord_1") -> None:
    shop.engine.stop(shop.execution(machine, name))


def quietly(shop: Shop) -> Report:
    """Reconcile once everything has been quiet for an hour."""
    shop.let_happen(HOUR)
    return shop.reconcile(f"report-{len(shop.reports.texts)}")


def said(report: Report) -> list[str]:
    return [f"{each['invariant']}: {each['subject']} {each['what']}" for each in report.findings]
