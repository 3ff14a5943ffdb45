"""The carriers under test: in memory, and our client over the sandbox, whose time a test turns on by hand."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import uvicorn

from local.sandboxes.carrier.app import CarrierApp
from local.sandboxes.carrier.carrier import CarrierSettings, SandboxCarrier
from local.sandboxes.carrier.database import CarrierDatabase
from local.sandboxes.carrier.timer_loop import TimerLoop
from oms.adapters.http_carrier import HttpCarrier
from oms.adapters.memory.edges import MemoryCarrier
from oms.ports import Carrier

LONG = 1e9
"""Seconds: nothing happens by itself."""


class Parcels(Protocol):
    """A carrier under test: the port, and the hands that a test needs on it."""

    @property
    def carrier(self) -> Carrier: ...
    def dispatch(self, order_id: str) -> None:
        """Let the parcel leave, if it may."""

    def arrive(self, order_id: str) -> None: ...
    def lose_next(self) -> None: ...
    def come_back(self, return_id: str) -> None:
        """The parcel of a return comes, as it was sold."""

    def fail_next(self, *, after_effect: bool) -> None: ...
    def callbacks(self) -> list[tuple[str, str]]:
        """The types of what the shop was told, with the orders."""


class Memory:
    def __init__(self) -> None:
        self.carrier = MemoryCarrier()
        self._loses = False

    def dispatch(self, order_id: str) -> None:
        self.carrier.dispatch(order_id)

    def arrive(self, order_id: str) -> None:
        (self.carrier.lose if self._loses else self.carrier.deliver)(order_id)

    def lose_next(self) -> None:
        self._loses = True

    def come_back(self, return_id: str) -> None:
        units = self.carrier.returns[return_id].units
        self.carrier.receive(return_id, {each.sku: ["new"] * each.quantity for each in units})

    def fail_next(self, *, after_effect: bool) -> None:
        self.carrier.fail_next(after_effect=after_effect)

    def callbacks(self) -> list[tuple[str, str]]:
        return [(each["type"], each["order_id"]) for each in self.carrier.callbacks]


class OverSandbox:
    """Started by ``over_sandbox``, in a thread whose loop owns the sandbox."""

    def __init__(self, url: str, loop: asyncio.AbstractEventLoop) -> None:
        self.carrier = HttpCarrier(url)
        self._url = url
        self._loop = loop
        self._time = 0.0
        self._callbacks: list[tuple[str, str]] = []
        self.sandbox = SandboxCarrier(
            CarrierDatabase(":memory:"), lambda: self._time, CarrierSettings(LONG, LONG, LONG)
        )
        self._timers = TimerLoop(self.sandbox, self._hear, lambda: self._time)

    def _hear(self, body: str) -> bool:
        event = json.loads(body)
        self._callbacks.append((event["type"], event["order_id"]))
        return True

    def dispatch(self, order_id: str) -> None:
        self._control("/_sandbox/dispatch", {"order_id": order_id})
        self._settle()

    def arrive(self, order_id: str) -> None:
        self.sandbox.database.bring_forward("deliver", self._time, order_id)
        self._settle()

    def lose_next(self) -> None:
        self._control("/_sandbox/next", {"lose": 1})

    def come_back(self, return_id: str) -> None:
        self.sandbox.database.bring_forward("arrive", self._time, return_id)
        self._settle()

    def fail_next(self, *, after_effect: bool) -> None:
        self._control("/_sandbox/next", {"fault": "timeout_after" if after_effect else "timeout_before"})

    def callbacks(self) -> list[tuple[str, str]]:
        self._settle()
        return self._callbacks

    def _settle(self) -> None:
        asyncio.run_coroutine_threadsafe(self._timers.run_all_due(), self._loop).result(30)

    def _control(self, path: str, body: Any) -> None:
        with urllib.request.urlopen(urllib.request.Request(self._url + path, json.dumps(body).encode())) as answer:
            answer.read()


@contextmanager
def over_sandbox() -> Iterator[OverSandbox]:
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    loop = asyncio.new_event_loop()
    parcels = OverSandbox(url, loop)
    config = uvicorn.Config(CarrierApp(parcels.sandbox), log_level="error", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve(sockets=[listener])))
    thread.start()
    try:
        yield parcels
    finally:
        server.should_exit = True
        thread.join()
        parcels.sandbox.database.close()
        loop.close()
        listener.close()
