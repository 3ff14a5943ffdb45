"""Step Functions on one machine: the engine's server, and the task functions in a process of their own.

    python -m local.aws.step_functions --port 8083 --store FILE

The environment says the rest, as on AWS. Functions with a schedule in ``tasks/functions.json`` run by it, and once
at the start; state machines with one in ``workflows/schedules.json`` run by it.
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
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import uvicorn

from asl.server import Server
from asl.services import Services
from local.aws.function_process import Workers
from local.aws.functions import tasks
from local.aws.resources import client
from local.stack.asgi_server import config
from local.stack.settings import machine_arn
from oms.declarations.machines import machine_schedules

WORKERS = 16
RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
SECONDS = {"minute": 60, "hour": 3600, "day": 86400}

log = logging.getLogger(__name__)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m local.aws.step_functions", description="Run the shop's state machines."
    )
    parser.add_argument("--port", type=int, default=8083)
    parser.add_argument("--store", type=Path, required=True, help="the file that keeps the executions")
    asked = parser.parse_args()
    asked.store.parent.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # uvicorn raises it again once it has closed
    environment = dict(os.environ)
    workers = Workers(WORKERS + len(scheduled()), ended=give_up)
    server = Server(str(asked.store), Services(lambda_invoker=workers.invoke).call, workers=WORKERS)
    with suppress(KeyboardInterrupt):
        Scheduling(config(server, asked.port, lifespan="on", date_header=False), workers, environment).run()


def scheduled() -> dict[str, str]:
    """The schedules of the functions that have one, by name."""
    return {name: declared.schedule for name, declared in tasks().items() if declared.schedule}


def give_up() -> None:
    """End as if killed: what the functions were asked, a next start asks them again."""
    print("the functions' process ended", flush=True)
    os._exit(1)


class Scheduling(uvicorn.Server):
    """Runs what has a schedule, from the moment at which it listens."""

    def __init__(self, config: uvicorn.Config, workers: Workers, environment: Mapping[str, str]) -> None:
        super().__init__(config)
        self._workers = workers
        self._environment = environment
        self._clocks: list[asyncio.Task[None]] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for name, schedule in scheduled().items():
            self._keep(name, schedule, partial(self._invoke, name), at_once=True)
        for name, schedule in machine_schedules().items():
            self._keep(name, schedule, partial(self._start, machine_arn(name)), at_once=False)

    def _keep(self, name: str, schedule: str, run: Callable[[], object], at_once: bool) -> None:
        self._clocks.append(asyncio.create_task(keep_to(name, seconds_of(schedule), run, at_once)))

    def _invoke(self, name: str) -> None:
        reply = self._workers.invoke(name, "{}")
        if reply.failed:
            raise RuntimeError(reply.payload)

    def _start(self, machine: str) -> None:
        client("stepfunctions", self._environment).start_execution(stateMachineArn=machine)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for clock in self._clocks:
            clock.cancel()
        await super().shutdown(sockets)


async def keep_to(name: str, seconds: int, run: Callable[[], object], at_once: bool) -> None:
    """Run again and again; a run that failed isn't made up for: the next one does its work."""
    if not at_once:
        await asyncio.sleep(seconds)
    while True:
        try:
            await asyncio.to_thread(run)
        except Exception:  # whatever it raises is its failure
            log.exception("%s failed", name)
        await asyncio.sleep(seconds)


def seconds_of(schedule: str) -> int:
    rate = RATE.fullmatch(schedule)
    if rate is None:
        raise ValueError(f"this clock doesn't know {schedule!r}")
    return int(rate[1]) * SECONDS[rate[2]]


if __name__ == "__main__":
    main()
