"""make test-crash: every process of the shop is killed outright while orders are in flight, and started again.

No order may be lost that DynamoDB holds, whatever waits goes on, and the audit is clean. The tables are on AWS's own
DynamoDB Local, since ministack keeps its state only if it can end by itself; where there is none, that is said.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console

from local.commands.audit import audit, every, report
from local.stack.stack import environment_of
from oms.adapters.wiring import deps
from oms.domain.order import Order, Status
from tests.contract import dynamodb_local
from tests.contract.maven import Missing
from tests.local.shop_process import ORDER, ShopProcess, environ_for, have_ended, shop

ORDERS = 120
CLIENTS = 8
KILLED_AFTER = 60
"""So many answers come before everything is killed."""
PATIENCE_SECONDS = 240
LOOK_AGAIN_SECONDS = 2
UNDER_WAY = frozenset({Status.PLACED, Status.RESERVED, Status.AUTHORIZED, Status.CONFIRMED, Status.SHIPPED})


def main() -> int:
    console = Console(highlight=False)
    try:
        with dynamodb_local.running("-sharedDb") as endpoint, tempfile.TemporaryDirectory() as folder:
            return crash(environ_for(Path(folder) / "shop", AWS_ENDPOINT_URL_DYNAMODB=endpoint), console)
    except Missing as missing:
        console.print(f"skipped: {missing}")
        return 0


def crash(environ: Mapping[str, str], console: Console) -> int:
    with shop(environ) as first:
        accepted = place_until_killed(first)
    console.print(f"killed with {len(accepted)} orders accepted")
    with shop(environ) as second:
        return judge(second, accepted, console)


def place_until_killed(running: ShopProcess) -> list[str]:
    """The ids of all orders that were accepted before nobody answered any more. ``SystemExit`` where too few were."""
    token, accepted, refused = running.token(), [], []

    def place(number: int) -> None:
        try:
            _, order = running.ask("POST", "/orders", ORDER, token, key=f"crash-{number}")
        except OSError as error:
            refused.append(str(error))
            return
        accepted.append(order["order_id"])
        if len(accepted) == KILLED_AFTER:
            kill(running)

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(place, range(ORDERS)))
    if len(accepted) < KILLED_AFTER:
        sys.exit(f"{len(accepted)} orders were accepted, too few to be killed among: {refused[0]}")
    return accepted


def kill(running: ShopProcess) -> None:
    """All at once, the parent first: nobody is asked to end."""
    children, pids = running.children(), running.running["pids"]
    for pid in pids.values():
        os.kill(pid, signal.SIGKILL)
    assert have_ended(children)


def judge(running: ShopProcess, accepted: list[str], console: Console) -> int:
    environment = environment_of(running.places)
    orders = settled(environment)
    stored = {order.id for order in orders}
    lost = set(accepted) - stored
    books, broken = audit(environment, environment["PAYMENTS_URL"])
    report(console, books, broken)
    console.print(f"{len(accepted)} accepted, {len(stored)} stored, {len(lost)} lost")
    unsettled = [order for order in orders if order.status in UNDER_WAY]
    for order in unsettled:
        console.print(f"{order.id} is still {order.status}", style="red")
    return 1 if lost or broken or unsettled else 0


def settled(environment: dict[str, str]) -> list[Order]:
    """All orders, once nothing is under way any more, or our patience is at its end."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        orders = list(every(deps(environment).orders.every))
        if not any(order.status in UNDER_WAY for order in orders) or time.monotonic() > deadline:
            return orders
        time.sleep(LOOK_AGAIN_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
