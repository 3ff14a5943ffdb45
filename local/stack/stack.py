"""The whole shop on one machine: each part a child process, begun in order, ended in reverse.

Two cores are worth using: the engine, the task functions, the gateway with the API's, ministack and the two sandboxes
have a process each. What they keep lies under one folder, and a second start goes on from there.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from local.aws import resources as cloud
from local.aws.resources import Pool
from local.aws.streams import FOLLOWING
from local.catalogue.seed import Told, seed
from local.stack.crash_recovery import set_aside
from local.stack.processes import Child, StackFailed, begin, is_free
from local.stack.settings import COGNITO, Places
from oms.adapters.wiring import deps

MINISTACK = {"IOT_MTLS_ENABLED": "0", "PERSIST_STATE": "1", "LOG_LEVEL": "WARNING"}
KILLED = "the last run was killed outright, and its tables are lost: its books are in {}"

Say = Callable[[str], None]


class Stack:
    """``carrier`` are further options of the carrier sandbox."""

    def __init__(self, places: Places, carrier: Sequence[str] = ()) -> None:
        self.places = places
        self.environment = environment_of(places)
        self.children: list[Child] = []
        self.pool: Pool
        self._carrier = carrier

    async def start(self, say: Say) -> None:
        """Until the gateway answers. Raises ``StackFailed``; what has begun by then is the caller's to stop."""
        places = self.places
        aws = await self._ministack("ministack", "local.aws.ministack", places.aws_port)
        cognito = await self._ministack("cognito", "local.aws.cognito", places.cognito_port, AUTH="true")
        told = ("--callback", f"{places.api_url}/webhooks/payments")
        sealed = ("--secret", self.environment["PAYMENTS_SECRET"])
        payments = await self._sandbox("payments", places.payments_port, *told, *sealed)
        callback = ("--callback", f"{places.api_url}/webhooks/carrier")
        signed = ("--secret", self.environment["CARRIER_SECRET"])
        carrier = await self._sandbox("carrier", places.carrier_port, *callback, *signed, *self._carrier)
        await aws.answers(places.aws_port)
        await cognito.answers(places.cognito_port)
        say("tables and people")
        making = asyncio.to_thread(cloud.make_pool, self.environment)
        others = (asyncio.to_thread(make, self.environment) for make in (cloud.make_tables, cloud.make_bucket))
        self.pool, _ = await asyncio.gather(making, asyncio.gather(*others))
        say("engine and gateway")
        engine = await self._child(
            "engine", "local.aws.step_functions", "--port", str(places.engine_port), *self._store("engine")
        )
        gateway = await self._gateway()
        await engine.answers(places.engine_port)
        await asyncio.to_thread(cloud.make_machines, self.environment)
        await payments.answers(places.payments_port)
        await carrier.answers(places.carrier_port)
        await gateway.answers(places.port)
        self._write_running()

    def stock(self, limit: int | None, told: Told) -> bool:
        """Put the catalogue in; False where it was in."""
        return seed(deps(self.environment), limit, self.places.folder / "seeded.json", told)

    async def follow(self) -> None:
        """Index what is in stock by now, and follow what changes."""
        streams = await self._child("streams", "local.aws.streams")
        await streams.says(FOLLOWING)
        self._write_running()

    async def stop(self) -> None:
        ended = [await child.stop() for child in reversed(self.children)]
        if all(ended):
            _running(self.places).unlink(missing_ok=True)

    async def first_to_end(self) -> Child:
        """The first child that ends by itself."""
        waits = {asyncio.create_task(child.process.wait()): child for child in self.children}
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return waits[done.pop()]

    async def _ministack(self, name: str, module: str, port: int, **more: str) -> Child:
        """Under uvicorn, whose parser and loop are not Python: it answers with half the work."""
        own = {**MINISTACK, "GATEWAY_PORT": str(port), "STATE_DIR": str(self.places.folder / name), **more}
        return await self._child(name, "local.stack.asgi_server", f"{module}:app", "--port", str(port), **own)

    async def _sandbox(self, name: str, port: int, *options: str) -> Child:
        return await self._child(name, f"local.sandboxes.{name}", "--port", str(port), *self._store(name), *options)

    async def _gateway(self) -> Child:
        keys = f"{self.environment[COGNITO]}/{self.pool.id}/.well-known/jwks.json"
        who = ("--issuer", self.pool.issuer, "--audience", self.pool.client_id, "--jwks", keys)
        site = ("--site", origin) if (origin := os.environ.get("SITE_ORIGIN")) else ()
        return await self._child("gateway", "local.gateway.process", "--port", str(self.places.port), *who, *site)

    async def _child(self, name: str, module: str, *options: str, **more: str) -> Child:
        environment = {**os.environ, **self.environment, **more}
        child = await begin(name, module, options, environment, self.places.folder / "logs")
        self.children.append(child)
        return child

    def _store(self, name: str) -> tuple[str, str]:
        return "--store", str(self.places.folder / f"{name}.sqlite")

    def _write_running(self) -> None:
        ports = {name: port for name, (port, _) in self.places.ports.items()}
        pids = {"stack": os.getpid(), **{child.name: child.process.pid for child in self.children}}
        facts = {"pids": pids, "ports": ports, "pool": asdict(self.pool)}
        _running(self.places).write_text(json.dumps(facts, indent=2))


def environment_of(places: Places) -> dict[str, str]:
    carrier, guests = (_kept_secret(places.folder / f"{name}.secret") for name in ("carrier", "guest"))
    return places.environment(carrier, guests)


def pool_of_running(places: Places) -> Pool | None:
    """The pool of the stack that runs on this folder, or None where none does."""
    file = _running(places)
    if not file.exists() or is_free(places.port):
        return None
    return Pool(**json.loads(file.read_text())["pool"])


@contextmanager
def alone(places: Places, say: Say) -> Iterator[None]:
    """Raises ``StackFailed`` where a port is taken, another stack keeps its state in the same folder, or nothing can
    be kept there."""
    _check_ports(places)
    try:
        places.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StackFailed(f"{places.folder} can't be made: {os.strerror(error.errno or 0)}") from None
    with (places.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackFailed(f"another stack keeps its state in {places.folder}") from None
        aside = None if places.keeps_tables_elsewhere else set_aside(places.folder, _running(places))
        if aside:
            say(KILLED.format(aside))
        yield


def _check_ports(places: Places) -> None:
    names: dict[int, str] = {}
    for name, (port, variable) in places.ports.items():
        if port in names:
            raise StackFailed(f"port {port} ({name}) is the {names[port]}'s too: choose another with {variable}=…")
        if not is_free(port):
            raise StackFailed(f"port {port} ({name}) is taken: choose another with {variable}=…")
        names[port] = name


def _running(places: Places) -> Path:
    return places.folder / "running.json"


def _kept_secret(file: Path) -> str:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(secrets.token_hex(16))
    return file.read_text()
