"""make settle: list what the reconciliation found and parked; with ORDER=… and REASON=…, settle it by hand.

It works on the shop that runs here, or on the one that the functions' own variables name (``ORDERS_TABLE`` and so on).
Settling closes the finding only: no money and no stock moves.
"""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator

from rich.console import Console

from local.commands.redrive import PAGE, shop_environment
from local.commands.replay import find_order
from oms.adapters.wiring import deps
from oms.application.commit import commit
from oms.application.recovery.redrive_preview import found_by_check
from oms.domain import parking
from oms.domain.order import Order
from oms.ports import Deps


def main() -> int:
    console = Console(highlight=False)
    environment = shop_environment("settle")
    shop, id_or_number, reason = deps(environment), os.environ.get("ORDER"), os.environ.get("REASON")
    if id_or_number and reason:
        order = find_order(shop.orders, id_or_number)
        settled = list(settle_findings(shop, order, f"operator:{getpass.getuser()}", reason))
        for line in settled or ["The order has no finding"]:
            console.print(line, markup=False, soft_wrap=True)
        return 0 if settled else 1
    for line in open_findings(shop):
        console.print(line, markup=False, soft_wrap=True)
    console.print("Nothing was settled: make settle ORDER=… REASON=… does it", style="dim")
    return 0


def open_findings(shop: Deps) -> Iterator[str]:
    """A line for each finding that waits for a person, longest parked first."""
    cursor = None
    while True:
        page = shop.orders.in_queue("parked", PAGE, cursor)
        for order in page.items:
            yield from (f"{order.id} {found_by_check(order, check)}" for check in checks_of(order))
        cursor = page.cursor
        if cursor is None:
            return


def settle_findings(shop: Deps, order: Order, by: str, reason: str) -> Iterator[str]:
    """Settle each finding of the order. Yields a line for each."""
    for check in checks_of(order):
        commit(shop, order.id, by, lambda order, check=check: parking.accept_discrepancy(order, check, reason))  # type: ignore[misc]
        yield f"{order.id} settled: {found_by_check(order, check)}"


def checks_of(order: Order) -> list[str]:
    """The checks that parked the order."""
    return [parker for parker in order.parked if not parking.is_execution(parker)]


if __name__ == "__main__":
    sys.exit(main())
