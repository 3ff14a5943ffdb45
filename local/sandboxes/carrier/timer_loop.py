"""The timer loop: carries out due timers, and sends callbacks to the shop until it accepts them."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from local.sandboxes.callbacks import LONGEST_SLEEP_SECONDS, Post, retry_seconds
from local.sandboxes.carrier.carrier import SandboxCarrier
from local.sandboxes.carrier.database import Timer

MOST_CALLBACKS = 8
LEASE_SECONDS = 30
"""A callback under way is due again after this time: the process may be killed meanwhile."""
RETRY_SECONDS = 1
TRIES = 500
"""Tries of a callback, about three days; then it is dropped."""

log = logging.getLogger(__name__)


class TimerLoop:
    def __init__(self, carrier: SandboxCarrier, post: Post, clock: Callable[[], float]) -> None:
        self._carrier = carrier
        self._post = post
        self._clock = clock
        self._wake = asyncio.Event()
        self._callbacks: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(MOST_CALLBACKS, thread_name_prefix="callback")
        carrier.on_change = self._wake.set

    async def run(self) -> None:
        """Run until cancelled. Callbacks that an earlier process left come first."""
        self._carrier.database.bring_forward("call", self._clock())
        try:
            while True:
                self._wake.clear()
                try:
                    self.run_due()
                except sqlite3.OperationalError:  # such as a full disk
                    log.exception("timers are run again in %s s", RETRY_SECONDS)
                    await asyncio.sleep(RETRY_SECONDS)
                else:
                    await self._sleep()
        finally:
            self._threads.shutdown(cancel_futures=True)

    async def run_all_due(self) -> None:
        """Carry out everything that is due now, and what follows from it now."""
        while self.run_due() or self._callbacks:
            await asyncio.gather(*self._callbacks)

    def run_due(self) -> bool:
        """Carry out due timers. False if none is due, or all callback threads are busy."""
        timers = self._carrier.database.due(self._clock(), limit=MOST_CALLBACKS - len(self._callbacks))
        for timer in timers:
            if timer.kind == "call":
                self._start_callback(timer)
            else:
                self._carrier.run_timer(timer)
                self._wake.set()
        return bool(timers)

    def _start_callback(self, timer: Timer) -> None:
        leased = replace(timer, due=self._clock() + LEASE_SECONDS, tries=timer.tries + 1)
        self._carrier.database.write_timer(leased)
        callback = asyncio.create_task(self._call_back(leased))
        self._callbacks.add(callback)
        callback.add_done_callback(self._finish_callback)

    def _finish_callback(self, callback: asyncio.Task[None]) -> None:
        self._callbacks.discard(callback)
        self._wake.set()

    async def _call_back(self, timer: Timer) -> None:
        accepted = await asyncio.get_running_loop().run_in_executor(self._threads, self._post, timer.body)
        if accepted or timer.tries >= TRIES:
            self._carrier.database.drop_timer(timer.id)
        else:
            self._carrier.database.write_timer(replace(timer, due=self._clock() + retry_seconds(timer.tries)))

    async def _sleep(self) -> None:
        due = self._carrier.database.next_due()
        is_busy = len(self._callbacks) >= MOST_CALLBACKS
        seconds = None if due is None or is_busy else min(max(0.0, due - self._clock()), LONGEST_SLEEP_SECONDS)
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return
