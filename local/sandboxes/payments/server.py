"""The sandbox as a process, and as a thread for tests."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import uvloop

from asl.engine.clock import RealClock
from local.http_server.origin_guard import OriginPolicy
from local.sandboxes.callbacks import Post
from local.sandboxes.clock import continue_clock
from local.sandboxes.faults import SandboxFaults
from local.sandboxes.payments.api import PaymentsSandbox
from local.sandboxes.payments.connection import Connection
from local.sandboxes.payments.database import PaymentsDatabase
from local.sandboxes.payments.webhook_events import WebhookEvents


def listen(port: int = 0) -> socket.socket:
    """A listening socket on 127.0.0.1; port 0 takes a free one. Raises ``OSError``."""
    listener = socket.create_server(("127.0.0.1", port), backlog=128)
    listener.setblocking(False)
    return listener


async def serve(listener: socket.socket, sandbox: PaymentsSandbox, stop: asyncio.Event) -> None:
    connections: set[Connection] = set()
    policy = OriginPolicy.from_environ(os.environ, linked_paths={"/_sandbox/ledger"})
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(sandbox, policy, connections), sock=listener
    )
    await stop.wait()
    server.close()
    for connection in tuple(connections):
        connection.close()
    await server.wait_closed()


def run(listener: socket.socket, store: Path, post: Post | None = None) -> None:
    """Serve until SIGTERM or SIGINT, and send events by ``post``.

    Raises ``sqlite3.Error`` if another process has the store open.
    """
    store.parent.mkdir(parents=True, exist_ok=True)
    clock = RealClock()
    database = PaymentsDatabase(str(store), clock.now)
    print(f"payments sandbox on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    continue_clock(clock, database.newest_entry())
    events = WebhookEvents(database, post) if post else None
    uvloop.run(_serve_until_signal(listener, PaymentsSandbox(database), events))
    database.close()


async def _serve_until_signal(listener: socket.socket, sandbox: PaymentsSandbox, events: WebhookEvents | None) -> None:
    stop = asyncio.Event()
    sending = asyncio.create_task(events.run()) if events else None
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(listener, sandbox, stop)
    if sending:
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending


@dataclass(frozen=True)
class RunningSandbox:
    url: str
    database: PaymentsDatabase
    faults: SandboxFaults


@contextmanager
def running(
    store: Path | None = None,
    *,
    clock: Callable[[], float] = time.time,
    hang_seconds: float = 60,
    search_lag: float = 60,
) -> Iterator[RunningSandbox]:
    """A sandbox in a thread, on a free port. Without a store its database is in memory."""
    database = PaymentsDatabase(str(store or ":memory:"), clock)
    sandbox = PaymentsSandbox(database, hang_seconds=hang_seconds, search_lag=search_lag)
    listener = listen()
    loop, stop = uvloop.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(listener, sandbox, stop),))
    thread.start()
    try:
        yield RunningSandbox(f"http://127.0.0.1:{listener.getsockname()[1]}", database, sandbox.faults)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
        listener.close()
        database.close()
