"""Tells a client when its order has been handled, without asking after each order: one look for all clients."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from local.stack.settings import machine_arn
from oms.adapters.aws.clients import Aws

LOOK_AGAIN_SECONDS = 0.01
PATIENCE_SECONDS = 0.5
"""An order that a person has to review takes longer than any client waits: it orders on."""


class Watch:
    """Looks at what runs as NewOrder, as long as anybody waits."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._states = Aws.of(environment).stepfunctions()
        self._looked = threading.Condition()
        self._began = 0.0
        self._running: frozenset[str] = frozenset()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch", daemon=True)
        self._thread.start()

    def wait(self, order_id: str) -> bool:
        """Until the order's execution has ended; False if that takes too long. The order has been begun by now."""
        asked = time.monotonic()
        with self._looked:
            return self._looked.wait_for(
                lambda: self._began > asked and order_id not in self._running, PATIENCE_SECONDS
            )

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._closed.wait(LOOK_AGAIN_SECONDS):
            began = time.monotonic()
            running = frozenset(self._names())
            with self._looked:
                self._running, self._began = running, began
                self._looked.notify_all()

    def _names(self) -> Iterator[str]:
        request: dict[str, Any] = {"stateMachineArn": machine_arn("NewOrder"), "statusFilter": "RUNNING"}
        while True:
            page = self._states.call("ListExecutions", **request)
            yield from (each["name"] for each in page["executions"])
            if not page.get("nextToken"):
                return
            request["nextToken"] = page["nextToken"]
