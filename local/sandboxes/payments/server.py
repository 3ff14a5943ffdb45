"""The sandbox as a process, and in a thread of a test's."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import uvloop

from local.sandboxes.callbacks import Post
from local.sandboxes.payments.api import Sandbox
from local.sandboxes.payments.books import Books
from local.sandboxes.payments.connection import Connection
from local.sandboxes.payments.faults import Faults
from local.sandboxes.payments.notices import Notices


def listen(port: int = 0) -> socket.socket:
    """A socket on this machine only, ready to be connected to; port 0 takes a free one. Raises ``OSError``."""
    listener = socket.create_server(("127.0.0.1", port), backlog=128)
    listener.setblocking(False)
    return listener


async def serve(listener: socket.socket, sandbox: Sandbox, stop: asyncio.Event) -> None:
    connections: set[Connection] = set()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(sandbox, connections), sock=listener)
    await stop.wait()
    server.close()
    for connection in tuple(connections):
        connection.close()
    await server.wait_closed()


def run(listener: socket.socket, store: Path, post: Post | None = None) -> None:
    """Until SIGTERM or SIGINT; events go out by ``post``. Raises ``sqlite3.Error`` where another has the store open."""
    store.parent.mkdir(parents=True, exist_ok=True)
    books = Books(str(store), time.time)
    print(f"payments sandbox on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvloop.run(_until_signalled(listener, Sandbox(books), Notices(books, post) if post else None))
    books.close()


async def _until_signalled(listener: socket.socket, sandbox: Sandbox, notices: Notices | None) -> None:
    stop = asyncio.Event()
    saying = asyncio.create_task(notices.run()) if notices else None
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(listener, sandbox, stop)
    if saying:
        saying.cancel()
        with suppress(asyncio.CancelledError):
            await saying


@dataclass(frozen=True)
class Running:
    url: str
    books: Books
    faults: Faults


@contextmanager
def running(
    store: Path | None = None,
    *,
    clock: Callable[[], float] = time.time,
    hang_seconds: float = 60,
    search_lag: float = 60,
) -> Iterator[Running]:
    """A sandbox in a thread, on a free port that answers from the start; its books in memory without a store."""
    books = Books(str(store or ":memory:"), clock)
    sandbox = Sandbox(books, hang_seconds=hang_seconds, search_lag=search_lag)
    listener = listen()
    loop, stop = uvloop.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(listener, sandbox, stop),))
    thread.start()
    try:
        yield Running(f"http://127.0.0.1:{listener.getsockname()[1]}", books, sandbox.faults)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
        listener.close()
        books.close()
