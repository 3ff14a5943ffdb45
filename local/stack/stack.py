"""The whole shop on one machine: child processes, started in order and stopped in reverse.

The engine, the task functions, the gateway with the API's functions, ministack, Cognito, the streams and the two
sandboxes have a process each, to use two cores. One folder keeps all their state, and the next start continues from it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict

from local.aws import resources
from local.aws.names import COGNITO_ENDPOINT
from local.aws.streams import READY
from local.catalogue.seed import ReportProgress, seed_catalogue
from local.stack.crash_recovery import file_version, save_problem
from local.stack.log_files import bound_log
from local.stack.processes import ChildProcess, ProcessSettings, start_process
from local.stack.settings import SECRETS, StackSettings
from local.stack.state_folder import running_file, stack_environment, write_running
from local.stack.store_checks import TABLES
from oms.adapters.wiring import deps

STREAMS = "streams"
RESTARTABLE = frozenset({"payments", "carrier", "engine", "gateway", STREAMS})
"""Processes that keep nothing in memory alone. ministack does, in both of its processes."""
MINISTACK = {"IOT_MTLS_ENABLED": "0", "PERSIST_STATE": "1", "LOG_LEVEL": "WARNING"}


class Stack:
    """``carrier_options`` are further options of the carrier sandbox."""

    def __init__(self, settings: StackSettings, carrier_options: Sequence[str] = ()) -> None:
        self.settings = settings
        self.environment = stack_environment(settings)
        self.processes: list[ChildProcess] = []
        self.pool: resources.UserPool
        self._carrier_options = carrier_options
        self._saved_tables = file_version(settings.folder / TABLES)

    async def start(self, print_step: Callable[[str], None]) -> None:
        """Start everything but the streams, until the gateway answers.

        Raises ``StackFailed``; the caller stops what has started by then.
        """
        settings = self.settings
        aws = await self._start_ministack("ministack", "local.aws.ministack", settings.aws_port)
        cognito = await self._start_ministack("cognito", "local.aws.cognito", settings.cognito_port, AUTH="true")
        payments = await self._start_sandbox("payments", settings.payments_port)
        carrier = await self._start_sandbox("carrier", settings.carrier_port, *self._carrier_options)
        await aws.wait_for_port(settings.aws_port)
        await cognito.wait_for_port(settings.cognito_port)
        print_step("tables and users")
        await self._make_resources()
        print_step("engine and gateway")
        engine = await self._start_process(
            "engine", "local.aws.step_functions", "--port", str(settings.engine_port), *self._store("engine")
        )
        gateway = await self._start_gateway()
        await engine.wait_for_port(settings.engine_port)
        await asyncio.to_thread(resources.make_machines, self.environment)
        await payments.wait_for_port(settings.payments_port)
        await carrier.wait_for_port(settings.carrier_port)
        await gateway.wait_for_port(settings.port)
        self._write_running()

    async def _make_resources(self) -> None:
        pool = asyncio.to_thread(resources.make_pool, self.environment)
        tables = asyncio.to_thread(resources.make_tables, self.environment)
        bucket = asyncio.to_thread(resources.make_bucket, self.environment)
        self.pool, _, _ = await asyncio.gather(pool, tables, bucket)

    def load_catalogue(self, limit: int | None, report_progress: ReportProgress) -> bool:
        """Write the products and their stock to the store. False if they were there already."""
        return seed_catalogue(deps(self.environment), limit, self.settings.folder / "seeded.json", report_progress)

    async def follow_streams(self) -> None:
        """Build the search index and keep it up to date from the tables' streams."""
        streams = await self._start_process(STREAMS, "local.aws.streams")
        await streams.wait_for_log_line(READY)
        self._write_running()

    async def stop(self) -> str | None:
        """Stop all processes. Returns why the next start will move the stores aside, or None."""
        before, running = file_version(self.settings.folder / TABLES), running_file(self.settings)
        stopped = [await process.stop() for process in reversed(self.processes)]
        problem = None
        if running.exists() and not self.settings.has_external_tables:
            problem = save_problem(self.settings.folder, before)
        if all(stopped) and not problem:
            running.unlink(missing_ok=True)
        return problem

    async def first_exit(self, seconds: float) -> ChildProcess | None:
        """Wait until a process ends by itself. None if none does within that time."""
        if not self.processes:
            return None
        waits = {asyncio.create_task(each.process.wait()): each for each in self.processes}
        done, pending = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in pending:
            wait.cancel()
        return waits[done.pop()] if done else None

    async def restart(self, ended: ChildProcess) -> None:
        """Start a process again, and wait until it is ready. Raises ``StackFailed``."""
        process = await start_process(ended.settings)
        self.processes[self.processes.index(ended)] = process
        if ended.name == STREAMS:
            await process.wait_for_log_line(READY)
        else:
            port, _ = self.settings.ports[ended.name]
            await process.wait_for_port(port)
        self._write_running()

    def bound_logs(self) -> None:
        for process in self.processes:
            bound_log(process.log)

    async def _start_ministack(self, name: str, module: str, port: int, **variables: str) -> ChildProcess:
        """Under uvicorn with uvloop and httptools, which halves its work."""
        own = {**MINISTACK, "GATEWAY_PORT": str(port), "STATE_DIR": str(self.settings.folder / name), **variables}
        return await self._start_process(
            name, "local.http_server.asgi_server", f"{module}:app", "--port", str(port), **own
        )

    async def _start_sandbox(self, name: str, port: int, *options: str) -> ChildProcess:
        """Its callbacks go to the API's webhook of the same name."""
        callback = ("--callback", f"{self.settings.api_url}/webhooks/{name}")
        address = ("--port", str(port), *self._store(name))
        secret = self._secrets(SECRETS[name])
        return await self._start_process(name, f"local.sandboxes.{name}", *address, *callback, *options, **secret)

    async def _start_gateway(self) -> ChildProcess:
        keys = f"{self.environment[COGNITO_ENDPOINT]}/{self.pool.id}/.well-known/jwks.json"
        tokens = ("--issuer", self.pool.issuer, "--audience", self.pool.client_id, "--jwks", keys)
        site = ("--site", self.settings.site_origin) if self.settings.site_origin else ()
        address = ("--port", str(self.settings.port))
        secrets = self._secrets(*SECRETS.values())
        return await self._start_process("gateway", "local.gateway.process", *address, *tokens, *site, **secrets)

    async def _start_process(self, name: str, module: str, *options: str, **variables: str) -> ChildProcess:
        """Secrets are variables only of the processes that sign or verify with them, and never options."""
        inherited = {**os.environ, **self.environment}
        others = {variable: value for variable, value in inherited.items() if variable not in SECRETS.values()}
        settings = ProcessSettings(name, module, options, {**others, **variables}, self.settings.folder / "logs")
        process = await start_process(settings)
        self.processes.append(process)
        return process

    def _secrets(self, *variables: str) -> dict[str, str]:
        return {variable: self.environment[variable] for variable in variables}

    def _store(self, name: str) -> tuple[str, str]:
        return "--store", str(self.settings.folder / f"{name}.sqlite")

    def _write_running(self) -> None:
        pids = {"stack": os.getpid(), **{each.name: each.process.pid for each in self.processes}}
        write_running(self.settings, pids, asdict(self.pool), self._saved_tables)
