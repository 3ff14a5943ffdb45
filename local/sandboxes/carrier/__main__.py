"""python -m local.sandboxes.carrier --port 12112 --store .local/carrier.sqlite --callback URL

CARRIER_SECRET is the key of the callbacks' signatures.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
from contextlib import closing, suppress
from pathlib import Path

import uvicorn
import uvloop

from asl.engine.clock import RealClock
from local.http_server.asgi_server import server_config
from local.http_server.origin_guard import OriginGuard, OriginPolicy
from local.sandboxes.callbacks import Post, webhook, webhook_secret
from local.sandboxes.carrier.app import LEDGER_PATH, CarrierApp
from local.sandboxes.carrier.carrier import CarrierSettings, SandboxCarrier
from local.sandboxes.carrier.database import CarrierDatabase
from local.sandboxes.carrier.timer_loop import TimerLoop
from local.sandboxes.clock import continue_clock


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.sandboxes.carrier", description="Run the carrier sandbox.")
    parser.add_argument("--port", type=int, default=12112, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--store", type=Path, required=True, help="the SQLite file")
    parser.add_argument("--callback", required=True, help="the shop's webhook for carrier events")
    parser.add_argument("--dispatch-seconds", type=float, default=3.0)
    parser.add_argument("--delivery-seconds", type=float, default=5.0)
    parser.add_argument("--return-seconds", type=float, default=3.0)
    options = parser.parse_args()
    post = webhook(options.callback, "Carrier-Signature", webhook_secret("CARRIER_SECRET"))
    try:
        listener = socket.create_server(("127.0.0.1", options.port), backlog=128)
    except OSError as error:
        sys.exit(f"carrier sandbox: port {options.port}: {os.strerror(error.errno or 0)}")
    print(f"carrier sandbox on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # uvicorn raises it again once it has shut down
    with suppress(KeyboardInterrupt):
        run(listener, options, post)


def run(listener: socket.socket, options: argparse.Namespace, post: Post) -> None:
    """Serve until SIGTERM or SIGINT."""
    options.store.parent.mkdir(parents=True, exist_ok=True)
    settings = CarrierSettings(options.dispatch_seconds, options.delivery_seconds, options.return_seconds)
    clock = RealClock()
    with closing(CarrierDatabase(str(options.store))) as database:
        continue_clock(clock, database.newest_entry())
        carrier = SandboxCarrier(database, clock.now, settings)
        timers = TimerLoop(carrier, post, clock.now)
        uvloop.run(serve(listener, carrier, timers))


async def serve(listener: socket.socket, carrier: SandboxCarrier, timers: TimerLoop) -> None:
    """Serve the API and run the timers. If one of the two fails, the other ends too."""
    app = OriginGuard(CarrierApp(carrier), OriginPolicy.from_environ(os.environ, {LEDGER_PATH}))
    server = uvicorn.Server(server_config(app, port=0, lifespan="off"))
    timer_task = asyncio.create_task(timers.run())
    timer_task.add_done_callback(lambda _: setattr(server, "should_exit", True))
    await server.serve(sockets=[listener])
    timer_task.cancel()
    with suppress(asyncio.CancelledError):
        await timer_task


if __name__ == "__main__":
    main()
