"""python -m local.engine --port 8083 --store FILE: Step Functions, with the shop's task functions in its process.

The environment says the rest, as on AWS. Functions with a schedule in ``tasks/functions.json`` run by it, and once
at the start.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import re
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

import uvicorn

from asl.server import Server
from asl.services import Services, in_process
from local.functions import Functions, tasks
from local.places import variables_of
from oms.adapters.wiring import deps

WORKERS = 16
RATE = re.compile(r"rate\((\d+) minutes?\)")

log = logging.getLogger(__name__)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.engine", description="Run the shop's state machines.")
    parser.add_argument("--port", type=int, default=8083)
    parser.add_argument("--store", type=Path, required=True, help="the file that keeps the executions")
    asked = parser.parse_args()
    asked.store.parent.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # uvicorn raises it again once it has closed
    environment = dict(os.environ)
    functions = Functions(lambda name: variables_of(name, environment), deps)
    server = Server(str(asked.store), Services(lambda_invoker=in_process(functions.handlers())).call, workers=WORKERS)
    config = uvicorn.Config(
        server, host="127.0.0.1", port=asked.port, log_level="warning", access_log=False, lifespan="on"
    )
    with suppress(KeyboardInterrupt):
        Scheduling(config, functions).run()


class Scheduling(uvicorn.Server):
    """Runs the functions that have a schedule, from the moment at which it listens."""

    def __init__(self, config: uvicorn.Config, functions: Functions) -> None:
        super().__init__(config)
        self._functions = functions
        self._clocks: list[asyncio.Task[None]] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        schedules = {name: declared["schedule"] for name, declared in tasks().items() if "schedule" in declared}
        self._clocks = [asyncio.create_task(keep_to(*each, self._functions)) for each in schedules.items()]

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for clock in self._clocks:
            clock.cancel()
        await super().shutdown(sockets)


async def keep_to(name: str, schedule: str, functions: Functions) -> None:
    """Run a function now and by its schedule; a run that failed isn't made up for: the next one does its work."""
    rate = RATE.fullmatch(schedule)
    if rate is None:
        raise ValueError(f"{name}: this clock doesn't know {schedule!r}")
    while True:
        try:
            await asyncio.to_thread(functions.invoke, name, {})
        except Exception:  # whatever a function raises is its failure
            log.exception("%s failed", name)
        await asyncio.sleep(60 * int(rate[1]))


if __name__ == "__main__":
    main()
