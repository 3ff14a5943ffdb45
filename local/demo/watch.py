"""Keeps the clients from running ahead of the shop: one look at what runs, for all of them, and a bound on how much."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from local import cloud
from local.places import machine_arn

LOOK_AGAIN_SECONDS = 0.03
PATIENCE_SECONDS = 3
"""An order that a person has to review takes longer than anybody waits."""


class Watch:
    """Lets an order come in while fewer than ``most`` are being handled."""

    def __init__(self, environment: Mapping[str, str], most: int) -> None:
        self._states = cloud.client("stepfunctions", environment)
        self._most = most
        self._changed = threading.Condition()
        self._handled: dict[str, float] = {}
        """When each order that is being handled was begun."""
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch", daemon=True)
        self._thread.start()

    def wait_for_room(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: len(self._handled) < self._most)

    def begun(self, order_id: str) -> None:
        with self._changed:
            self._handled[order_id] = time.monotonic()

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def _look(self) -> None:
        request: dict[str, Any] = {"stateMachineArn": machine_arn("NewOrder"), "statusFilter": "RUNNING"}
        while not self._closed.wait(LOOK_AGAIN_SECONDS):
            began = time.monotonic()
            pages = self._states.get_paginator("list_executions").paginate(**request)
            running = {each["name"] for page in pages for each in page["executions"]}
            with self._changed:
                self._handled = {
                    order_id: since
                    for order_id, since in self._handled.items()
                    if since > began or (order_id in running and since > began - PATIENCE_SECONDS)
                }
                self._changed.notify_all()
