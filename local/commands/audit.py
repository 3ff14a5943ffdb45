"""make audit: hold every invariant against all that the running shop has written down, and the sandbox's own books."""

from __future__ import annotations

import json
import sys
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table

from local.aws import resources as cloud
from local.stack.settings import Places, machine_arn
from local.stack.stack import environment_of, pool_of_running
from oms.adapters.wiring import deps
from oms.declarations.machines import ABOUT_ORDERS
from oms.domain.invariants import Books, Execution, Violation, violations
from oms.domain.payment import PaymentRecord, PaymentStatus
from oms.ports import Page

T = TypeVar("T")

PAGE = 1000
AT_ONCE = 8
SHOWN = 20
MEANING = {
    "money": "0 ≤ refunded ≤ captured ≤ authorized, as the gateway says; kept = worth of what the shopper kept",
    "stock": "every counter is the sum of its ledger; reserved is what orders hold",
    "credit": "a shopper's store credit is the sum of its ledger, never below nothing; orders say the same of it",
    "codes": "a discount code is used by live orders alone, once each, never beyond its limit",
    "once": "each effect once, in the ledgers and at the gateway; one payment an order",
    "rest": "every execution ends, waits or has parked its order; no order is left lying",
    "audit": "folding an order's events gives its stored state",
}


def audit(environment: Mapping[str, str], payments_url: str) -> tuple[Books, list[Violation]]:
    """All books and what is wrong with them.

    A running shop writes while it is read, so what seems broken counts if a second reading shows the very same.
    """
    books = read(environment, payments_url)
    found = violations(books)
    if found:
        again = set(violations(read(environment, payments_url)))
        found = [each for each in found if each in again]
    return books, found


def read(environment: Mapping[str, str], payments_url: str) -> Books:
    """Orders come last: what the others know of, they know too."""
    stores = deps(environment)
    payments = payment_records(payments_url)
    executions = list(all_executions(environment))
    entries, counters = list(every(stores.inventory.every_entry)), list(every(stores.inventory.every_stock))
    credit = [booked.entry for booked in every(stores.credit.every)]
    orders = list(every(stores.orders.every))
    ids, names = [order.id for order in orders], sorted({order.code for order in orders if order.code})
    with ThreadPoolExecutor(AT_ONCE) as pool:
        events = dict(zip(ids, pool.map(stores.orders.events, ids), strict=True))
        money = dict(zip(ids, pool.map(stores.orders.money, ids), strict=True))
        codes = [code for code in pool.map(stores.discounts.get, names) if code]
        uses = [use for uses in pool.map(stores.discounts.uses, names) for use in uses]
        owners = sorted({entry.customer_id for entry in credit})
        balances = dict(zip(owners, pool.map(stores.credit.balances, owners), strict=True))
    kept = {(owner, currency): minor for owner, each in balances.items() for currency, minor in each.items()}
    stock = {each.sku: each for each in counters}
    return Books(orders, events, money, entries, stock, payments, executions, codes, uses, credit, kept)


def every(page_of: Callable[[int, str | None], Page[T]]) -> Iterator[T]:
    cursor = None
    while True:
        page = page_of(PAGE, cursor)
        yield from page.items
        if page.cursor is None:
            return
        cursor = page.cursor


def all_executions(environment: Mapping[str, str]) -> Iterator[Execution]:
    states = cloud.client("stepfunctions", environment)
    for machine in ABOUT_ORDERS:
        pages = states.get_paginator("list_executions").paginate(stateMachineArn=machine_arn(machine))
        for page in pages:
            yield from (Execution(machine, each["name"], each["status"]) for each in page["executions"])


def payment_records(payments_url: str) -> dict[str, list[PaymentRecord]]:
    """Each order's payments by the sandbox's ledger, summed up entry by entry."""
    records: dict[tuple[str, str], PaymentRecord] = {}
    for entry in ledger(payments_url):
        key = (entry["order_id"], entry["payment_intent"])
        nothing = PaymentRecord(key[1], PaymentStatus.NONE, entry["currency"].upper(), 0, 0, 0)
        records[key] = _after(records.get(key, nothing), entry)
    by_order: dict[str, list[PaymentRecord]] = defaultdict(list)
    for (order_id, _), record in records.items():
        by_order[order_id].append(record)
    return by_order


def _after(record: PaymentRecord, entry: Mapping[str, Any]) -> PaymentRecord:
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
    raise ValueError(f"the ledger has an entry of an unknown kind: {entry}")


def ledger(sandbox_url: str) -> Iterator[dict[str, Any]]:
    """A sandbox's ledger, page by page."""
    after: int | None = 0
    while after is not None:
        with urllib.request.urlopen(f"{sandbox_url}/_sandbox/ledger?after={after}&limit={PAGE}", timeout=10) as answer:
            page = json.load(answer)
        yield from page["entries"]
        after = page["next"]


def table(books: Books, found: Iterable[Violation]) -> Table:
    broken = defaultdict(list)
    for each in found:
        broken[each.invariant].append(each)
    shown = Table(title=f"Audit of {len(books.orders):,} orders", title_justify="left")
    for column in ("invariant", "what must hold", "looked at", "broken"):
        shown.add_column(column, justify="right" if column in ("looked at", "broken") else "left")
    for invariant, looked_at in counts(books).items():
        count = len(broken[invariant])
        style = "red" if count else "green"
        shown.add_row(invariant, MEANING[invariant], f"{looked_at:,}", f"[{style}]{count}[/]")
    return shown


def counts(books: Books) -> dict[str, int]:
    """How many things each invariant was held against."""
    money = sum(map(len, books.money.values()))
    payments = sum(map(len, books.payments.values()))
    return {
        "money": money + payments,
        "stock": len(books.entries) + len(books.counters),
        "credit": len(books.credit) + len(books.balances),
        "codes": len(books.codes) + len(books.code_uses),
        "once": money + len(books.entries) + payments + len(books.code_uses),
        "rest": len(books.executions or ()),
        "audit": sum(map(len, books.events.values())),
    }


def report(console: Console, books: Books, found: list[Violation]) -> None:
    console.print(table(books, found))
    for each in found[:SHOWN]:
        console.print(f"  {each.invariant}: {each.subject} {each.what}", style="red", markup=False, soft_wrap=True)
    if len(found) > SHOWN:
        console.print(f"  and {len(found) - SHOWN} more", style="red")


def main() -> int:
    console = Console(highlight=False)
    places = Places.of()
    if pool_of_running(places) is None:
        console.print("make audit: no shop runs here: make run first", style="red")
        return 1
    environment = environment_of(places)
    books, found = audit(environment, environment["PAYMENTS_URL"])
    report(console, books, found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
