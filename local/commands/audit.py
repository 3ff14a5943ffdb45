"""make audit: check every invariant against the running shop's stores and the payments sandbox's ledger."""

from __future__ import annotations

import json
import sys
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table

from local.aws.names import machine_arn
from local.aws.resources import client
from local.commands.running_shop import running_environment
from oms.adapters.wiring import deps
from oms.declarations.machines import ABOUT_ORDERS
from oms.domain.invariants import ExecutionRecord, ShopSnapshot, Violation, violations
from oms.domain.payment import PaymentRecord, PaymentStatus
from oms.ports import Page

T = TypeVar("T")

PAGE = 1000
THREADS = 8
PRINTED_VIOLATIONS = 20
MEANING = {
    "money": "0 ≤ refunded ≤ captured ≤ authorized, as at the gateway; the shopper paid for what they kept",
    "stock": "each counter is the sum of its ledger; reserved is what orders hold",
    "credit": "store credit is the sum of its ledger, never negative, and agrees with the orders",
    "codes": "only live orders use a discount code, once each, within its limit",
    "once": "each effect at most once, in the ledgers and at the gateway; one payment per order",
    "rest": "every execution ends, waits or has parked its order; every order is handled",
    "audit": "folding an order's events gives its stored state",
}


def audit(environment: Mapping[str, str], payments_url: str) -> tuple[ShopSnapshot, list[Violation]]:
    """Read all records and check them.

    A running shop writes during the reading, so a violation counts only if a second reading finds it too.
    """
    records = read_records(environment, payments_url)
    broken = violations(records)
    if broken:
        confirmed = set(violations(read_records(environment, payments_url)))
        broken = [violation for violation in broken if violation in confirmed]
    return records, broken


def read_records(environment: Mapping[str, str], payments_url: str) -> ShopSnapshot:
    """Read all stores. Orders come last, so that no other record refers to an order that is missing here."""
    stores = deps(environment)
    payments = payment_records(payments_url)
    executions = list(all_executions(environment))
    entries, counters = list(all_items(stores.inventory.every_entry)), list(all_items(stores.inventory.every_stock))
    credit = [booked.entry for booked in all_items(stores.credit.every)]
    orders = list(all_items(stores.orders.every))
    ids, names = [order.id for order in orders], sorted({order.code for order in orders if order.code})
    with ThreadPoolExecutor(THREADS) as pool:
        events = dict(zip(ids, pool.map(stores.orders.events, ids), strict=True))
        money = dict(zip(ids, pool.map(stores.orders.money, ids), strict=True))
        codes = [code for code in pool.map(stores.discounts.get, names) if code]
        uses = [use for uses in pool.map(stores.discounts.uses, names) for use in uses]
        owners = sorted({entry.customer_id for entry in credit})
        balances = dict(zip(owners, pool.map(stores.credit.balances, owners), strict=True))
    credit_balances = {(owner, currency): minor for owner, each in balances.items() for currency, minor in each.items()}
    stock = {each.sku: each for each in counters}
    return ShopSnapshot(
        orders, events, money, entries, stock, payments, executions, codes, uses, credit, credit_balances
    )


def all_items(page_of: Callable[[int, str | None], Page[T]]) -> Iterator[T]:
    """The items of all pages."""
    cursor = None
    while True:
        page = page_of(PAGE, cursor)
        yield from page.items
        if page.cursor is None:
            return
        cursor = page.cursor


def all_executions(environment: Mapping[str, str]) -> Iterator[ExecutionRecord]:
    states = client("stepfunctions", environment)
    for machine in ABOUT_ORDERS:
        pages = states.get_paginator("list_executions").paginate(stateMachineArn=machine_arn(machine))
        for page in pages:
            yield from (ExecutionRecord(machine, each["name"], each["status"]) for each in page["executions"])


def payment_records(payments_url: str) -> dict[str, list[PaymentRecord]]:
    """Each order's payments, added up from the entries of the sandbox's ledger."""
    records: dict[tuple[str, str], PaymentRecord] = {}
    for entry in ledger(payments_url):
        key = (entry["order_id"], entry["payment_intent"])
        empty = PaymentRecord(key[1], PaymentStatus.NONE, entry["currency"].upper(), 0, 0, 0)
        records[key] = _add_entry(records.get(key, empty), entry)
    by_order: dict[str, list[PaymentRecord]] = defaultdict(list)
    for (order_id, _), record in records.items():
        by_order[order_id].append(record)
    return by_order


def _add_entry(record: PaymentRecord, entry: Mapping[str, Any]) -> PaymentRecord:
    amount = entry["amount"]
    match entry["kind"]:
        case "hold":
            return replace(record, status=PaymentStatus.AUTHORIZED, authorized=record.authorized + amount)
        case "capture":
            return replace(record, status=PaymentStatus.CAPTURED, captured=record.captured + amount)
        case "void":
            return replace(record, status=PaymentStatus.VOIDED)
        case "refund":
            refunds = (*record.refunds, entry["effect_id"])
            return replace(record, refunded=record.refunded + amount, refunds=refunds)
    raise ValueError(f"a ledger entry of an unknown kind: {entry}")


def ledger(sandbox_url: str) -> Iterator[dict[str, Any]]:
    """A sandbox's ledger, page by page."""
    after: int | None = 0
    while after is not None:
        with urllib.request.urlopen(
            f"{sandbox_url}/_sandbox/ledger?after={after}&limit={PAGE}", timeout=10
        ) as response:
            page = json.load(response)
        yield from page["entries"]
        after = page["next"]


def audit_table(records: ShopSnapshot, broken: Iterable[Violation]) -> Table:
    by_invariant = Counter(violation.invariant for violation in broken)
    table = Table(title=f"Audit of {len(records.orders):,} orders", title_justify="left")
    for column in ("invariant", "what must hold", "checked", "broken"):
        table.add_column(column, justify="right" if column in ("checked", "broken") else "left")
    for invariant, checked in count_records(records).items():
        count = by_invariant[invariant]
        style = "red" if count else "green"
        table.add_row(invariant, MEANING[invariant], f"{checked:,}", f"[{style}]{count}[/]")
    return table


def count_records(records: ShopSnapshot) -> dict[str, int]:
    """The number of records that each invariant is checked against."""
    money = sum(map(len, records.money.values()))
    payments = sum(map(len, records.payments.values()))
    return {
        "money": money + payments,
        "stock": len(records.entries) + len(records.counters),
        "credit": len(records.credit) + len(records.balances),
        "codes": len(records.codes) + len(records.code_uses),
        "once": money + len(records.entries) + payments + len(records.code_uses),
        "rest": len(records.executions or ()),
        "audit": sum(map(len, records.events.values())),
    }


def print_audit(console: Console, records: ShopSnapshot, broken: list[Violation]) -> None:
    console.print(audit_table(records, broken))
    for each in broken[:PRINTED_VIOLATIONS]:
        console.print(f"  {each.invariant}: {each.subject} {each.what}", style="red", markup=False, soft_wrap=True)
    if len(broken) > PRINTED_VIOLATIONS:
        console.print(f"  and {len(broken) - PRINTED_VIOLATIONS} more", style="red")


def main() -> int:
    console = Console(highlight=False)
    environment = running_environment("audit")
    records, broken = audit(environment, environment["PAYMENTS_URL"])
    print_audit(console, records, broken)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
