"""``make run``: start the shop, print where everything is, and stop it at Ctrl-C or SIGTERM."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from urllib.parse import urljoin

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from local.aws.names import COGNITO_ENDPOINT
from local.aws.resources import OPERATOR, PASSWORD, SHOPPERS
from local.gateway.index_page import api_addresses, service_addresses
from local.stack.processes import StackFailed
from local.stack.settings import StackSettings
from local.stack.stack import Stack
from local.stack.state_folder import exclusive_stack

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
    console = Console(highlight=False)
    settings = StackSettings.from_environ()
    try:
        return asyncio.run(run_until_stopped(settings, limit, console))
    except (StackFailed, ValueError) as error:
        console.print(f"make run: {error}", style="red", markup=False, soft_wrap=True)
        return 1


async def run_until_stopped(settings: StackSettings, limit: int | None, console: Console) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def print_step(step: str) -> None:
        console.print(f"[dim]· {step}[/]", soft_wrap=True)

    with exclusive_stack(settings, print_step):
        stack = Stack(settings)
        running = asyncio.create_task(run_stack(stack, limit, console))
        try:
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if running.done():
                await running
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError, StackFailed):
                await running
            print_step("stopping")
            await stack.stop()
    return 0


async def run_stack(stack: Stack, limit: int | None, console: Console) -> None:
    """Start the stack and wait until a process ends by itself, which raises ``StackFailed``."""
    await stack.start(lambda step: console.print(f"[dim]· {step}[/]"))
    with progress_bar(console) as progress:
        task = progress.add_task("products", total=None, visible=False)

        def report_progress(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total, visible=True)

        await asyncio.to_thread(stack.load_catalogue, limit, report_progress)
    await stack.follow_streams()
    print_introduction(stack, console)
    raise StackFailed((await stack.first_exit()).exit_message())


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
