"""make test-crash: kills every process of the shop while orders are in progress, and starts it again.

No order in DynamoDB may be lost, every order must continue, and the audit must be clean. The tables are on AWS's own
DynamoDB Local, since ministack saves its state only when it shuts down. Without DynamoDB Local the test is skipped.
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

from local.commands.audit import all_items, audit, print_audit
from local.stack.state_folder import stack_environment
from oms.adapters.wiring import deps
from oms.domain.order import Order, Status
from tests.contract import dynamodb_local
from tests.contract.maven import Missing
from tests.local.shop_process import ORDER, ShopProcess, environ_for, have_ended, shop

ORDERS = 120
CLIENTS = 8
KILL_AFTER_ORDERS = 60
TIMEOUT_SECONDS = 240
POLL_SECONDS = 2
IN_PROGRESS = frozenset({Status.PLACED, Status.RESERVED, Status.AUTHORIZED, Status.CONFIRMED, Status.SHIPPED})


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
    """The ids of the orders accepted before the kill. Raises ``SystemExit`` if they are too few."""
    token, accepted, refused = running.token(), [], []

    def place(number: int) -> None:
        try:
            _, order = running.ask("POST", "/orders", ORDER, token, key=f"crash-{number}")
        except OSError as error:
            refused.append(str(error))
            return
        accepted.append(order["order_id"])
        if len(accepted) == KILL_AFTER_ORDERS:
            kill(running)

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(place, range(ORDERS)))
    if len(accepted) < KILL_AFTER_ORDERS:
        sys.exit(f"{len(accepted)} orders were accepted, too few: {refused[0]}")
    return accepted


def kill(running: ShopProcess) -> None:
    """Kill all processes by SIGKILL, the parent first."""
    children, pids = running.children(), running.running["pids"]
    for pid in pids.values():
        os.kill(pid, signal.SIGKILL)
    assert have_ended(children)


def judge(running: ShopProcess, accepted: list[str], console: Console) -> int:
    environment = stack_environment(running.settings)
    orders = wait_until_settled(environment)
    stored = {order.id for order in orders}
    lost = set(accepted) - stored
    records, broken = audit(environment, environment["PAYMENTS_URL"])
    print_audit(console, records, broken)
    console.print(f"{len(accepted)} accepted, {len(stored)} stored, {len(lost)} lost")
    unsettled = [order for order in orders if order.status in IN_PROGRESS]
    for order in unsettled:
        console.print(f"{order.id} is still {order.status}", style="red")
    return 1 if lost or broken or unsettled else 0


def wait_until_settled(environment: dict[str, str]) -> list[Order]:
    """All orders, once none is in progress, or the time is up."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while True:
        orders = list(all_items(deps(environment).orders.every))
        if not any(order.status in IN_PROGRESS for order in orders) or time.monotonic() > deadline:
            return orders
        time.sleep(POLL_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
