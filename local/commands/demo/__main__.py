"""make demo BASKETS=500 CLIENTS=8: place real baskets as orders over HTTP, then audit everything that they left."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from local.aws.resources import OPERATOR, SHOPPERS, UserPool, sign_in
from local.catalogue.sales_data import baskets, catalogue
from local.commands.audit import audit, print_audit
from local.commands.demo.client import ShopClient, UnexpectedResponse
from local.commands.demo.day import Day, PlacedOrder
from local.commands.demo.execution_watcher import ExecutionWatcher
from local.commands.demo.plan import OrderPlan, draw_plans
from local.commands.demo.report import MOST_TRANSITIONS, measure_speed, outcome_table, speed_table
from local.stack.process_setup import set_up_process
from local.stack.processes import StackFailed, error_line
from local.stack.settings import StackSettings, catalogue_size, whole_number
from local.stack.stack import Stack
from local.stack.state_folder import exclusive_stack, running_pool, stack_environment


def main() -> int:
    set_up_process()
    console = Console(highlight=False)
    settings = StackSettings.from_environ()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with running_shop(settings, console) as pool:
            return run_demo(settings, pool, console)
    except (StackFailed, UnexpectedResponse, OSError, ValueError) as error:
        console.print(f"make demo: {error_line(error)}", style="red", markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("make demo: interrupted")
        return 130


@contextmanager
def running_shop(settings: StackSettings, console: Console) -> Iterator[UserPool]:
    """The shop that runs already, or one that is stopped afterwards."""
    pool = running_pool(settings)
    if pool is not None:
        yield pool
        return

    def print_step(step: str) -> None:
        console.print(f"[dim]· {step}[/]", soft_wrap=True)

    with exclusive_stack(settings, print_step), asyncio.Runner() as runner:
        stack = Stack(settings)
        try:
            runner.run(stack.start(print_step))
            print_step("products")
            stack.load_catalogue(catalogue_size(), lambda done, total: None)
            runner.run(stack.follow_streams())
            yield stack.pool
        finally:
            if problem := runner.run(stack.stop()):
                print_step(f"{problem}: the next start will move all stores aside")


def run_demo(settings: StackSettings, pool: UserPool, console: Console) -> int:
    """Run the day, print its report and the audit. Returns 1 if an invariant or the limit of transitions is broken."""
    environment = stack_environment(settings)
    orders = run_day(settings, environment, pool, console)
    speed = measure_speed(orders, environment)
    console.print(outcome_table(orders), speed_table(speed))
    records, broken = audit(environment, environment["PAYMENTS_URL"])
    print_audit(console, records, broken)
    return 1 if broken or speed.transitions > MOST_TRANSITIONS else 0


def run_day(
    settings: StackSettings, environment: dict[str, str], pool: UserPool, console: Console
) -> list[PlacedOrder]:
    clients = whole_number("CLIENTS", 8, 1, 100)
    tokens = {person: sign_in(environment, pool.client_id, person) for person in (*SHOPPERS, OPERATOR)}
    plans = plans_of_day(settings)
    columns = (TextColumn("{task.description:<20}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    shop, carrier_url = ShopClient(settings.api_url), environment["CARRIER_URL"]
    with (
        Progress(*columns, console=console) as progress,
        closing(ExecutionWatcher(environment)) as watcher,
        closing(Day(shop, watcher, carrier_url, tokens, clients, progress)) as day,
    ):
        return day.run(plans)


def plans_of_day(settings: StackSettings) -> list[OrderPlan]:
    """``BASKETS`` baskets, drawn by ``SEED``, of the products that the shop sells."""
    count, seed = whole_number("BASKETS", 500, 1, 100_000), whole_number("SEED", 7, 0, 999_999_999)
    limit = json.loads((settings.folder / "seeded.json").read_text())["limit"]
    skus = [product.sku for product in catalogue(limit)]
    return draw_plans(baskets(count, seed, skus), SHOPPERS, run=f"{time.time():.0f}", seed=seed)


if __name__ == "__main__":
    sys.exit(main())
