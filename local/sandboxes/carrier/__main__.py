"""python -m local.sandboxes.carrier --port 12112 --store .local/carrier.sqlite --callback URL --secret SECRET"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import uvicorn
import uvloop

from local.sandboxes.callbacks import webhook
from local.sandboxes.carrier.app import App
from local.sandboxes.carrier.books import Books
from local.sandboxes.carrier.carrier import Carrier, Settings
from local.sandboxes.carrier.courier import Courier
from local.stack.asgi_server import config


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.sandboxes.carrier", description="A carrier to try on.")
    parser.add_argument("--port", type=int, default=12112, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--store", type=Path, required=True, help="the file that keeps the books")
    parser.add_argument("--callback", required=True, help="where the shop is told what became of its parcels")
    parser.add_argument("--secret", required=True, help="what calls are signed with")
    parser.add_argument("--dispatch-seconds", type=float, default=3.0)
    parser.add_argument("--delivery-seconds", type=float, default=5.0)
    parser.add_argument("--return-seconds", type=float, default=3.0)
    asked = parser.parse_args()
    try:
        listener = socket.create_server(("127.0.0.1", asked.port), backlog=128)
    except OSError as error:
        sys.exit(f"carrier sandbox: port {asked.port}: {os.strerror(error.errno or 0)}")
    print(f"carrier sandbox on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # uvicorn raises it again once it has closed
    with suppress(KeyboardInterrupt):
        run(listener, asked)


def run(listener: socket.socket, asked: argparse.Namespace) -> None:
    """Until SIGTERM or SIGINT."""
    asked.store.parent.mkdir(parents=True, exist_ok=True)
    with closing(Books(str(asked.store))) as books:
        carrier = Carrier(
            books, time.time, Settings(asked.dispatch_seconds, asked.delivery_seconds, asked.return_seconds)
        )
        courier = Courier(carrier, webhook(asked.callback, "Carrier-Signature", asked.secret), time.time)
        uvloop.run(serve(listener, carrier, courier))


async def serve(listener: socket.socket, carrier: Carrier, courier: Courier) -> None:
    """Answer and deliver; where one of the two breaks down the other ends too."""
    server = uvicorn.Server(config(App(carrier), port=0, lifespan="off"))
    delivering = asyncio.create_task(courier.run())
    delivering.add_done_callback(lambda _: setattr(server, "should_exit", True))
    await server.serve(sockets=[listener])
    delivering.cancel()
    with suppress(asyncio.CancelledError):
        await delivering


if __name__ == "__main__":
    main()
