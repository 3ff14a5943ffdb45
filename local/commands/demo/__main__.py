"""make demo BASKETS=500 CLIENTS=8: real baskets as orders over HTTP, and the audit of all that came of them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from local.__main__ import catalogue_size
from local.aws import resources as cloud
from local.aws.resources import OPERATOR, SHOPPERS, Pool
from local.catalogue.sales_data import baskets, catalogue
from local.commands.audit import audit, report
from local.commands.demo.client import Shop, Unexpected
from local.commands.demo.day import Day
from local.commands.demo.plan import Plan, plans
from local.commands.demo.report import MOST_TRANSITIONS, figures, outcomes, speed
from local.commands.demo.watch import Watch
from local.stack.processes import StackFailed
from local.stack.settings import Places, whole
from local.stack.stack import Stack, alone, environment_of, pool_of_running


def main() -> int:
    console = Console(highlight=False)
    places = Places.of()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with shop_that_runs(places, console) as pool:
            return demo(places, pool, console)
    except (StackFailed, Unexpected, TimeoutError, ValueError) as error:
        console.print(f"make demo: {error}", style="red", markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("make demo: interrupted")
        return 130


@contextmanager
def shop_that_runs(places: Places, console: Console) -> Iterator[Pool]:
    """The shop that runs already, or one for as long as this lasts."""
    pool = pool_of_running(places)
    if pool is not None:
        yield pool
        return

    def say(what: str) -> None:
        console.print(f"[dim]· {what}[/]", soft_wrap=True)

    with alone(places, say), asyncio.Runner() as runner:
        stack = Stack(places)
        try:
            runner.run(stack.start(say))
            say("stocking the shop")
            stack.stock(catalogue_size(os.environ.get("CATALOGUE")), lambda done, of: None)
            runner.run(stack.follow())
            yield stack.pool
        finally:
            runner.run(stack.stop())


def demo(places: Places, pool: Pool, console: Console) -> int:
    clients = whole("CLIENTS", 8, 1, 100)
    environment = environment_of(places)
    tokens = {person: cloud.sign_in(environment, pool.client_id, person) for person in (*SHOPPERS, OPERATOR)}
    day_plans = plans_of_the_day(places)
    columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        shop = Shop(places.api_url)
        with (
            closing(Watch(environment)) as watch,
            closing(Day(shop, watch, environment["CARRIER_URL"], tokens, clients, bars)) as day,
        ):
            placed = day.run(day_plans)
    found = figures(placed, environment)
    console.print(outcomes(placed), speed(found))
    books, broken = audit(environment, environment["PAYMENTS_URL"])
    report(console, books, broken)
    return 1 if broken or found.transitions > MOST_TRANSITIONS else 0


def plans_of_the_day(places: Places) -> list[Plan]:
    """BASKETS baskets, drawn by SEED, of the goods that the shop was stocked with."""
    count, seed = whole("BASKETS", 500, 1, 100_000), whole("SEED", 7, 0, 999_999_999)
    stocked = json.loads((places.folder / "seeded.json").read_text())["limit"]
    goods = [product.sku for product in catalogue(stocked)]
    return plans(baskets(count, seed, goods), SHOPPERS, run=f"{time.time():.0f}", seed=seed)


if __name__ == "__main__":
    sys.exit(main())
