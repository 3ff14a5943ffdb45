"""Reconcile: checks all records of the shop, page by page: the stock ledger, orders, discount codes, stock counters.

It is about no single order, so a failure parks nothing: the execution fails, which raises an alarm, and a redrive
resumes at that page. An execution can't have more than 25,000 events: after many pages another execution continues.
"""

from __future__ import annotations

from stepfunctions.steps import Graph

from workflows import dsl
from workflows.dsl import choose, outcome, start, task

REPORT = {"report.$": "$.page.report"}
PAGE = {**REPORT, "number.$": "$.page.number"}


def definition() -> Graph:
    begin = task("OpenReport", keep="$.page", about={"run.$": "$$.Execution"})
    ledger = task("ReadLedger", keep="$.page", about=PAGE)
    orders = task("CheckOrders", keep="$.page", about=PAGE)
    codes = task("CheckCodes", keep="$.page", about=PAGE)
    stock = task("CheckStock", keep="$.page", about=PAGE)
    close = task("CloseReport", keep="$.closed", about=REPORT)
    figures = {name: f"$.closed.{name}" for name in ("outcome", "found", "repaired")}
    reconciled = outcome("Reconciled", about=REPORT, **figures)
    continued = outcome("Continued", about=REPORT, outcome="continued")
    named = "States.Format('{}-{}', $.page.report, $.page.number)"
    elsewhere = start("GoOnElsewhere", "Reconcile", name=named, input=REPORT, already=continued)

    pages = {"ledger": ledger, "orders": orders, "codes": codes, "stock": stock, "elsewhere": elsewhere}
    turn = choose("TurnPage", "$.page.next", pages, otherwise=close)
    for state in (begin, ledger, orders, codes, stock):
        state.next(turn)
    dsl.sequence(close, reconciled)
    dsl.sequence(elsewhere, continued)
    return dsl.machine(begin, comment="Check every invariant on the stored ledgers, page by page.", timeout=dsl.DAY)
