"""Does what is due when it is due: moves parcels, and says so to the shop until it is heard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from local.sandboxes.callbacks import Post, retry_seconds
from local.sandboxes.carrier.books import Timer
from local.sandboxes.carrier.carrier import Carrier

AT_ONCE = 8
LEASE_SECONDS = 30
"""A call that is under way is due again after this long: its process may die under it."""
TRIES = 500
"""About three days of them; then the shop is taken to be deaf to it."""


class Courier:
    def __init__(self, carrier: Carrier, post: Post, clock: Callable[[], float]) -> None:
        self._carrier = carrier
        self._post = post
        self._clock = clock
        self._wake = asyncio.Event()
        self._calls: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="call")
        carrier.changed = self._wake.set

    async def run(self) -> None:
        """For ever; calls that a dead process left behind come first."""
        self._carrier.books.bring_forward("call", self._clock())
        try:
            while True:
                self._wake.clear()
                self.turn()
                await self._sleep()
        finally:
            self._threads.shutdown(cancel_futures=True)

    async def settle(self) -> None:
        """Do what is due now, and what that sets off, until nothing is."""
        while self.turn() or self._calls:
            await asyncio.gather(*self._calls)

    def turn(self) -> bool:
        """Do what is due; False where nothing is, or all hands are full."""
        timers = self._carrier.books.due(self._clock(), limit=AT_ONCE - len(self._calls))
        for timer in timers:
            if timer.kind == "call":
                self._begin(timer)
            else:
                self._carrier.move(timer)
                self._wake.set()
        return bool(timers)

    def _begin(self, timer: Timer) -> None:
        taken = replace(timer, due=self._clock() + LEASE_SECONDS, tries=timer.tries + 1)
        self._carrier.books.write_timer(taken)
        call = asyncio.create_task(self._say(taken))
        self._calls.add(call)
        call.add_done_callback(self._ended)

    def _ended(self, call: asyncio.Task[None]) -> None:
        self._calls.discard(call)
        self._wake.set()

    async def _say(self, timer: Timer) -> None:
        heard = await asyncio.get_running_loop().run_in_executor(self._threads, self._post, timer.body)
        if heard or timer.tries >= TRIES:
            self._carrier.books.drop_timer(timer.id)
        else:
            self._carrier.books.write_timer(replace(timer, due=self._clock() + retry_seconds(timer.tries)))

    async def _sleep(self) -> None:
        due = self._carrier.books.next_due()
        seconds = None if due is None or len(self._calls) >= AT_ONCE else max(0.0, due - self._clock())
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return
