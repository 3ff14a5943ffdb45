"""The shop as whoever starts it sees it: opened, introduced, and closed when they say so."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from urllib.parse import urljoin

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from local.aws.resources import OPERATOR, PASSWORD, SHOPPERS
from local.gateway.index_page import api_addresses, service_addresses
from local.stack.processes import StackFailed
from local.stack.settings import COGNITO, Places
from local.stack.stack import Stack, alone

SIGN_IN = """\
TOKEN=$(curl -s {aws}/ -H 'X-Amz-Target: AWSCognitoIdentityProviderService.InitiateAuth' \
-H 'Content-Type: application/x-amz-json-1.1' -d '{{"AuthFlow":"USER_PASSWORD_AUTH","ClientId":"{client}",\
"AuthParameters":{{"USERNAME":"{person}","PASSWORD":"{password}"}}}}' \
| sed 's/.*"AccessToken": *"\\([^"]*\\)".*/\\1/')"""
ORDER = """\
curl -s {api}/orders -H "Authorization: Bearer $TOKEN" -H "Idempotency-Key: $(date +%s%N)" \
-H 'Content-Type: application/json' -d '{{"currency":"USD","lines":[{{"sku":"1082185","quantity":6}},\
{{"sku":"1029743","quantity":1}}],"payment_method":"pm_card_visa",\
"recipient":{{"name":"Anna","address":"1 Main Street","city":"Springfield","country":"US"}}}}'"""
FOLLOW = """curl -s {api}/orders/ORDER_ID -H "Authorization: Bearer $TOKEN\""""


def open_shop(limit: int | None) -> int:
    """Until it is told to stop. Answers the exit status: 1 where it couldn't run, which it says in one line."""
    console = Console(highlight=False)
    places = Places.of()
    try:
        return asyncio.run(until_stopped(places, limit, console))
    except (StackFailed, ValueError) as error:
        console.print(f"make run: {error}", style="red", markup=False, soft_wrap=True)
        return 1


async def until_stopped(places: Places, limit: int | None, console: Console) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def say(what: str) -> None:
        console.print(f"[dim]· {what}[/]", soft_wrap=True)

    with alone(places, say):
        stack = Stack(places)
        working = asyncio.create_task(work(stack, limit, console))
        try:
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if working.done():
                await working
        finally:
            working.cancel()
            with suppress(asyncio.CancelledError, StackFailed):
                await working
            say("stopping")
            await stack.stop()
    return 0


async def work(stack: Stack, limit: int | None, console: Console) -> None:
    """Start, stock, and look out for a part that ends by itself. Raises ``StackFailed``."""
    await stack.start(lambda what: console.print(f"[dim]· {what}[/]"))
    with stocking(console) as progress:
        task = progress.add_task("stocking the shop", total=None, visible=False)

        def told(done: int, of: int) -> None:
            progress.update(task, completed=done, total=of, visible=True)

        await asyncio.to_thread(stack.stock, limit, told)
    await stack.follow()
    introduce(stack, console)
    raise StackFailed((await stack.first_to_end()).epitaph())


def stocking(console: Console) -> Progress:
    columns = (TextColumn("[dim]· {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True)


def introduce(stack: Stack, console: Console) -> None:
    """Say what runs where, who may sign in, and how a first order is placed."""
    places = stack.places
    console.print("\n[bold]The shop is open.[/] Ctrl-C closes it; what happened stays in", places.folder)
    rows = {
        "Start page": f"{places.gateway_url}/",
        **{each.name: urljoin(places.gateway_url, each.url) for each in api_addresses()},
        **{each.name: each.url for each in service_addresses(stack.environment)},
        "User pool, client": f"{stack.pool.id}, {stack.pool.client_id}",
        "Shoppers": ", ".join(SHOPPERS),
        "Operator": OPERATOR,
        "Password of all": PASSWORD,
    }
    for name, value in rows.items():
        console.print(f"  {name:<20} {value}", markup=False, soft_wrap=True)
    person = {
        "aws": stack.environment[COGNITO],
        "client": stack.pool.client_id,
        "person": SHOPPERS[0],
        "password": PASSWORD,
    }
    for title, line in (("Sign in", SIGN_IN), ("Place an order", ORDER), ("Follow it", FOLLOW)):
        console.print(f"\n[bold]{title}[/]")
        console.print(line.format(api=places.api_url, **person), markup=False, soft_wrap=True)
