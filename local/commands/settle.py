"""make settle: what checks of the books have found and parked; with ORDER=… and REASON=… it is settled by hand.

Of the shop that runs here, or of the one that the functions' own variables name (ORDERS_TABLE and so on). The record
alone is closed: money and stock stay where they are.
"""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator

from rich.console import Console

from local.commands.redrive import PAGE, environment_of_shop
from local.commands.replay import found
from oms.adapters.wiring import deps
from oms.application.commit import commit
from oms.application.recovery.redrive import by_hand, is_execution
from oms.domain import parking
from oms.domain.order import Order
from oms.ports import Deps


def main() -> int:
    console = Console(highlight=False)
    environment = environment_of_shop()
    if environment is None:
        console.print("make settle: no shop runs here: make run first", style="red")
        return 1
    shop, wanted, reason = deps(environment), os.environ.get("ORDER"), os.environ.get("REASON")
    if wanted and reason:
        told = list(settled(shop, found(shop.orders, wanted), f"operator:{getpass.getuser()}", reason))
        for each in told or ["No check has parked it"]:
            console.print(each, markup=False, soft_wrap=True)
        return 0 if told else 1
    for each in findings(shop):
        console.print(each, markup=False, soft_wrap=True)
    console.print("Nothing was done: make settle ORDER=… REASON=… does it", style="dim")
    return 0


def findings(shop: Deps) -> Iterator[str]:
    """What waits for a person, longest first."""
    cursor = None
    while True:
        page = shop.orders.in_queue("parked", PAGE, cursor)
        for order in page.items:
            yield from (f"{order.id} {by_hand(order, check)}" for check in checks(order))
        cursor = page.cursor
        if cursor is None:
            return


def settled(shop: Deps, order: Order, by: str, reason: str) -> Iterator[str]:
    for check in checks(order):
        commit(shop, order.id, by, lambda order, check=check: parking.accept(order, check, reason))  # type: ignore[misc]
        yield f"{order.id} settled: {by_hand(order, check)}"


def checks(order: Order) -> list[str]:
    return [parker for parker in order.parked if not is_execution(parker)]


if __name__ == "__main__":
    sys.exit(main())
