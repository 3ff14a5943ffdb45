"""``make run``: start the shop, print where everything is, and stop it at Ctrl-C or SIGTERM."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urljoin

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from asl.engine.clock import RealClock
from local.aws.names import COGNITO_ENDPOINT
from local.aws.resources import OPERATOR, PASSWORD, SHOPPERS
from local.gateway.index_page import api_addresses, service_addresses
from local.stack.process_setup import set_up_process
from local.stack.processes import StackFailed, error_line
from local.stack.settings import StackSettings
from local.stack.stack import RESTARTABLE, Stack
from local.stack.state_folder import exclusive_stack

CHECK_SECONDS = 5
"""How often the logs' sizes and the machine's clock are checked."""
EXIT_SECONDS = 0.5
"""How long after a failed call the end of its process can be noticed."""
SIGN_IN = """\
TOKEN=$(curl -s {aws}/ -H 'X-Amz-Target: AWSCognitoIdentityProviderService.InitiateAuth' \
-H 'Content-Type: application/x-amz-json-1.1' -d '{{"AuthFlow":"USER_PASSWORD_AUTH","ClientId":"{client}",\
"AuthParameters":{{"USERNAME":"{username}","PASSWORD":"{password}"}}}}' \
| sed 's/.*"AccessToken": *"\\([^"]*\\)".*/\\1/')"""
ORDER = """\
curl -s {api}/orders -H "Authorization: Bearer $TOKEN" -H "Idempotency-Key: $(date +%s%N)" \
-H 'Content-Type: application/json' -d '{{"currency":"USD","lines":[{{"sku":"1082185","quantity":6}},\
{{"sku":"1029743","quantity":1}}],"payment_method":"pm_card_visa",\
"recipient":{{"name":"Anna","address":"1 Main Street","city":"Springfield","country":"US"}}}}'"""
FOLLOW = """curl -s {api}/orders/ORDER_ID -H "Authorization: Bearer $TOKEN\""""


def run_shop(limit: int | None) -> int:
    """Run the shop with the ``limit`` best-selling products until it is stopped.

    Returns the exit status: 1 if it can't run, after one line that says why.
    """
    set_up_process()
    console = Console(highlight=False)
    settings = StackSettings.from_environ()
    try:
        return asyncio.run(run_until_stopped(settings, limit, console))
    except (StackFailed, ValueError, OSError) as error:
        console.print(f"make run: {error_line(error)}", style="red", markup=False, soft_wrap=True)
        return 1


async def run_until_stopped(settings: StackSettings, limit: int | None, console: Console) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def print_step(step: str) -> None:
        console.print(f"· {step}", style="dim", markup=False, soft_wrap=True)

    with exclusive_stack(settings, print_step):
        stack = Stack(settings)
        running = asyncio.create_task(run_stack(stack, limit, console, print_step))
        try:
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if running.done():
                await running
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError, Exception):  # the first await raises it
                await running
            print_step("stopping")
            problem = await stack.stop()
            if problem:
                print_step(f"{problem}: the next start will move all stores aside")
    return 1 if problem else 0


async def run_stack(stack: Stack, limit: int | None, console: Console, print_step: Callable[[str], None]) -> None:
    """Start the stack and keep it running. Raises ``StackFailed`` if a process ends by itself."""
    try:
        await stack.start(print_step)
        with progress_bar(console) as progress:
            task = progress.add_task("products", total=None, visible=False)

            def report_progress(done: int, total: int) -> None:
                progress.update(task, completed=done, total=total, visible=True)

            await asyncio.to_thread(stack.load_catalogue, limit, report_progress)
        await stack.follow_streams()
    except Exception as error:
        if ended := await stack.first_exit(EXIT_SECONDS):  # which is why a call of it failed
            raise StackFailed(ended.exit_message()) from error
        raise
    print_introduction(stack, console)
    await keep_running(stack, print_step)


async def keep_running(stack: Stack, print_step: Callable[[str], None]) -> None:
    """Restart a process that ends by itself, once. Raises ``StackFailed`` the second time, or where it isn't safe."""
    restarted: set[str] = set()
    clock = RealClock()
    while True:
        ended = await stack.first_exit(CHECK_SECONDS)
        if ended and (ended.name in restarted or ended.name not in RESTARTABLE):
            raise StackFailed(ended.exit_message())
        if ended:
            restarted.add(ended.name)
            print_step(ended.exit_message())
            await stack.restart(ended)
            print_step(f"{ended.name} was restarted")
        if (skew := clock.new_skew()) is not None:
            print_step(f"the machine's clock was set, and is {skew:+,.0f} s off: timers stay as they are")
        stack.bound_logs()


def progress_bar(console: Console) -> Progress:
    columns = (TextColumn("[dim]· {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True)


def print_introduction(stack: Stack, console: Console) -> None:
    """Print every address, who can sign in, and commands that place an order and follow it."""
    settings = stack.settings
    console.print("\n[bold]The shop is open.[/] Ctrl-C stops it; its state stays in", settings.folder)
    rows = {
        "Start page": f"{settings.gateway_url}/",
        **{each.name: urljoin(settings.gateway_url, each.url) for each in api_addresses()},
        **{each.name: each.url for each in service_addresses(stack.environment)},
        "User pool, client": f"{stack.pool.id}, {stack.pool.client_id}",
        "Shoppers": ", ".join(SHOPPERS),
        "Operator": OPERATOR,
        "Password of all": PASSWORD,
    }
    for name, value in rows.items():
        console.print(f"  {name:<20} {value}", markup=False, soft_wrap=True)
    values = {
        "api": settings.api_url,
        "aws": stack.environment[COGNITO_ENDPOINT],
        "client": stack.pool.client_id,
        "username": SHOPPERS[0],
        "password": PASSWORD,
    }
    for title, command in (("Sign in", SIGN_IN), ("Place an order", ORDER), ("Follow it", FOLLOW)):
        console.print(f"\n[bold]{title}[/]")
        console.print(command.format(**values), markup=False, soft_wrap=True)
