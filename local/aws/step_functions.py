"""Step Functions on one machine: the engine's server, with the task functions in a process of their own.

    python -m local.aws.step_functions --port 8083 --store FILE

Everything else comes from the environment, as on AWS. Functions with a schedule in ``tasks/functions.json`` run at the
start and then on schedule; state machines with one in ``workflows/schedules.json`` run on schedule.
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
from asl.services.integrations import Services
from local.aws.function_process import FunctionProcess
from local.aws.functions import tasks
from local.aws.names import machine_arn
from local.aws.resources import client
from local.http_server.asgi_server import server_config
from local.http_server.origin_guard import OriginGuard, OriginPolicy
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
    parser.add_argument("--store", type=Path, required=True, help="the SQLite file that keeps the executions")
    options = parser.parse_args()
    options.store.parent.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # uvicorn raises it again once it has shut down
    environment = dict(os.environ)
    functions = FunctionProcess(WORKERS + len(function_schedules()), on_exit=exit_at_once)
    server = Server(str(options.store), Services(lambda_invoker=functions.invoke).call, workers=WORKERS)
    guard = OriginGuard(server, OriginPolicy.from_environ(environment))
    config = server_config(guard, options.port, lifespan="on", date_header=False)
    with suppress(KeyboardInterrupt):
        SchedulingServer(config, functions, environment).run()


def function_schedules() -> dict[str, str]:
    """The schedule of each function that has one, by its name."""
    return {name: declared.schedule for name, declared in tasks().items() if declared.schedule}


def exit_at_once() -> None:
    """End without a shutdown: the next start repeats the calls that the functions never answered."""
    print("the functions' process ended", flush=True)
    os._exit(1)


class SchedulingServer(uvicorn.Server):
    """The server of the Step Functions API, which also runs the schedules from the moment it listens."""

    def __init__(self, config: uvicorn.Config, functions: FunctionProcess, environment: Mapping[str, str]) -> None:
        super().__init__(config)
        self._functions = functions
        self._environment = environment
        self._schedules: list[asyncio.Task[None]] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for name, schedule in function_schedules().items():
            self._add_schedule(name, schedule, partial(self._invoke, name), at_once=True)
        for name, schedule in machine_schedules().items():
            self._add_schedule(name, schedule, partial(self._start_execution, machine_arn(name)), at_once=False)

    def _add_schedule(self, name: str, schedule: str, run: Callable[[], object], at_once: bool) -> None:
        task = run_on_schedule(name, schedule_seconds(schedule), run, at_once)
        self._schedules.append(asyncio.create_task(task))

    def _invoke(self, name: str) -> None:
        reply = self._functions.invoke(name, "{}")
        if reply.failed:
            raise RuntimeError(reply.payload)

    def _start_execution(self, machine: str) -> None:
        client("stepfunctions", self._environment).start_execution(stateMachineArn=machine)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for schedule in self._schedules:
            schedule.cancel()
        await super().shutdown(sockets)


async def run_on_schedule(name: str, seconds: int, run: Callable[[], object], at_once: bool) -> None:
    """Run again and again. A run that fails is logged, and not repeated before its time."""
    if not at_once:
        await asyncio.sleep(seconds)
    while True:
        try:
            await asyncio.to_thread(run)
        except Exception:  # whatever a run raises is its failure alone
            log.exception("%s failed", name)
        await asyncio.sleep(seconds)


def schedule_seconds(schedule: str) -> int:
    rate = RATE.fullmatch(schedule)
    if rate is None:
        raise ValueError(f"{schedule!r} is no rate in minutes, hours or days")
    return int(rate[1]) * SECONDS[rate[2]]


if __name__ == "__main__":
    main()
