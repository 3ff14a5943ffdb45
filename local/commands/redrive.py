"""make redrive: preview a redrive of all parked orders; with REASON=…, redrive them, PER_SECOND=… at most.

It works on the shop that runs here, or on the one that the functions' own variables name (``ORDERS_TABLE`` and so on).
"""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator, Mapping

from rich.console import Console

from local.commands.running_shop import running_environment
from local.stack.settings import whole_number
from oms.adapters.wiring import deps
from oms.application.recovery.redrive import Pace, RedriveResult, redrive_parked_orders
from oms.application.recovery.redrive_preview import RedrivePreview, preview_redrive
from oms.ports import Deps

PAGE = 25
MOST_PER_SECOND = 20
"""Executions per second, the API's limit too."""


def main() -> int:
    console = Console(highlight=False)
    environment = shop_environment("redrive")
    reason, per_second = os.environ.get("REASON"), whole_number("PER_SECOND", 5, 1, MOST_PER_SECOND)
    shop = deps(environment)
    if not reason:
        for plan in redrive_plans(shop):
            console.print(plan_text(plan), markup=False, soft_wrap=True)
        console.print("Nothing was redriven: make redrive REASON=… does it", style="dim")
        return 0
    return print_redriven(console, redrive_all(shop, f"operator:{getpass.getuser()}", reason, per_second))


def shop_environment(command: str) -> Mapping[str, str]:
    """The variables of the shop to work on. Ends the program with one line if no shop runs here and none is named."""
    return os.environ if "ORDERS_TABLE" in os.environ else running_environment(command)


def redrive_plans(shop: Deps) -> Iterator[RedrivePreview]:
    """What a redrive of each parked order would do."""
    cursor = None
    while True:
        page = shop.orders.in_queue("parked", PAGE, cursor)
        for order in page.items:
            yield from preview_redrive(shop, order)
        cursor = page.cursor
        if cursor is None:
            return


def redrive_all(shop: Deps, by: str, reason: str, per_second: float) -> Iterator[RedriveResult]:
    """Redrive every order that is parked now. An order that is parked again meanwhile is left alone."""
    before, cursor = shop.clock.now(), None
    while True:
        bulk = redrive_parked_orders(shop, by, reason, before, Pace(PAGE, per_second), cursor)
        yield from bulk.results
        cursor = bulk.cursor
        if cursor is None:
            return


def plan_text(plan: RedrivePreview) -> str:
    steps = [f"    {step.state}: {step.verdict}, {step.why}" for step in plan.steps]
    return "\n".join([f"{plan.order_id}: {plan.way}, {plan.why}", f"  {plan.execution}", *steps])


def print_redriven(console: Console, results: Iterator[RedriveResult]) -> int:
    """Print each result. Returns 1 if an execution stays parked."""
    stuck = 0
    for result in results:
        stuck += not result.goes_on
        outcome = "continues" if result.goes_on else "stays parked"
        style = "green" if result.goes_on else "red"
        console.print(f"{result.order_id} {outcome}  {result.why}", style=style, markup=False, soft_wrap=True)
    return 1 if stuck else 0


if __name__ == "__main__":
    sys.exit(main())
