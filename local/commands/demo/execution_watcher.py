"""Tells each client when its order's execution has ended, with one poll for all clients."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from local.aws.names import machine_arn
from oms.adapters.aws.clients import Aws

POLL_SECONDS = 0.01
WAIT_SECONDS = 0.5
"""The longest that a client waits. An order under review takes longer: its client continues."""


class ExecutionWatcher:
    """Lists the running executions of NewOrder, again and again, until it is closed."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._states = Aws.of(environment).stepfunctions()
        self._polled = threading.Condition()
        self._poll_start = 0.0
        self._running: frozenset[str] = frozenset()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="execution watcher", daemon=True)
        self._thread.start()

    def wait(self, order_id: str) -> bool:
        """Wait until the order's execution, which has started by now, ends. False if it takes too long."""
        start = time.monotonic()
        with self._polled:
            return self._polled.wait_for(
                lambda: self._poll_start > start and order_id not in self._running, WAIT_SECONDS
            )

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def _poll(self) -> None:
        while not self._closed.wait(POLL_SECONDS):
            start = time.monotonic()
            running = frozenset(self._running_names())
            with self._polled:
                self._running, self._poll_start = running, start
                self._polled.notify_all()

    def _running_names(self) -> Iterator[str]:
        request: dict[str, Any] = {"stateMachineArn": machine_arn("NewOrder"), "statusFilter": "RUNNING"}
        while True:
            page = self._states.call("ListExecutions", **request)
            yield from (each["name"] for each in page["executions"])
            if not page.get("nextToken"):
                return
            request["nextToken"] = page["nextToken"]
