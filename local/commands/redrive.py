"""make redrive: what a redrive of all parked orders would do; with REASON=… it is done, at a pace.

Of the shop that runs here, or of the one that the functions' own variables name (ORDERS_TABLE and so on).
"""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator, Mapping

from rich.console import Console

from local.stack.settings import Places, whole
from local.stack.stack import environment_of, pool_of_running
from oms.adapters.wiring import deps
from oms.application.recovery import redrive as redriving
from oms.application.recovery.redrive import Pace, Plan, Redriven
from oms.ports import Deps

PAGE = 25
FASTEST = 20
"""Executions a second, as the API has it."""


def main() -> int:
    console = Console(highlight=False)
    environment = environment_of_shop()
    if environment is None:
        console.print("make redrive: no shop runs here: make run first", style="red")
        return 1
    shop, reason, per_second = deps(environment), os.environ.get("REASON"), whole("PER_SECOND", 5, 1, FASTEST)
    if not reason:
        for told in map(told_of, plans(shop)):
            console.print(told, markup=False, soft_wrap=True)
        console.print("Nothing was done: make redrive REASON=… does it", style="dim")
        return 0
    return show(console, sweep(shop, f"operator:{getpass.getuser()}", reason, per_second))


def environment_of_shop() -> Mapping[str, str] | None:
    if "ORDERS_TABLE" in os.environ:
        return os.environ
    places = Places.of()
    return environment_of(places) if pool_of_running(places) else None


def plans(shop: Deps) -> Iterator[Plan]:
    cursor = None
    while True:
        page = shop.orders.in_queue("parked", PAGE, cursor)
        for order in page.items:
            yield from redriving.plan(shop, order)
        cursor = page.cursor
        if cursor is None:
            return


def sweep(shop: Deps, by: str, reason: str, per_second: float) -> Iterator[Redriven]:
    """Redrive whatever is parked by now, as it comes."""
    before, cursor = shop.clock.now(), None
    while True:
        bulk = redriving.redrive_parked(shop, by, reason, before, Pace(PAGE, per_second), cursor)
        yield from bulk.done
        cursor = bulk.cursor
        if cursor is None:
            return


def told_of(plan: Plan) -> str:
    steps = [f"    {step.state}: {step.verdict}, {step.why}" for step in plan.steps]
    return "\n".join([f"{plan.order_id}: {plan.way}, {plan.why}", f"  {plan.execution}", *steps])


def show(console: Console, done: Iterator[Redriven]) -> int:
    """1 where one doesn't go on."""
    stuck = 0
    for each in done:
        stuck += not each.goes_on
        outcome = "goes on" if each.goes_on else "stays"
        style = "green" if each.goes_on else "red"
        console.print(f"{each.order_id} {outcome}  {each.why}", style=style, markup=False, soft_wrap=True)
    return 1 if stuck else 0


if __name__ == "__main__":
    sys.exit(main())
