"""Events, as Stripe sends them to a webhook: written with what they tell of, and said until the shop has heard them.

Only of what an endpoint of the shop would subscribe to. https://docs.stripe.com/api/events/types
"""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local.sandboxes.callbacks import Post, retry_seconds
from local.sandboxes.payments.books import Books, new_id

_SCHEMA = "CREATE TABLE IF NOT EXISTS notices (id TEXT PRIMARY KEY, due REAL, tries INTEGER, body TEXT)"


class Notices:
    """Says what is due, one at a time. What a call wrote is said once the call is through."""

    def __init__(self, books: Books, post: Post) -> None:
        self._books, self._post = books, post
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="notices")
        books.run(_SCHEMA)
        books.tell = self.write

    def write(self, kind: str, about: dict[str, Any]) -> None:
        now = self._books.now
        event = {"id": new_id("evt"), "object": "event", "created": now, "type": kind, "livemode": False}
        body = json.dumps({**event, "data": {"object": about}})
        self._books.run("INSERT INTO notices VALUES (?, ?, 0, ?)", (event["id"], now, body))
        self._wake.set()

    async def run(self) -> None:
        """For ever; what a dead process left unsaid comes first."""
        self._books.run("UPDATE notices SET due = 0")
        try:
            while True:
                self._wake.clear()
                await self.say_due()
                await self._sleep()
        finally:
            self._thread.shutdown(cancel_futures=True)

    async def say_due(self) -> None:
        due = self._books.run("SELECT id, tries, body FROM notices WHERE due <= ? ORDER BY due", (self._books.now,))
        for name, tries, body in due.fetchall():
            if await asyncio.get_running_loop().run_in_executor(self._thread, self._post, body):
                self._books.run("DELETE FROM notices WHERE id = ?", (name,))
            else:
                again = self._books.now + retry_seconds(tries + 1)
                self._books.run("UPDATE notices SET due = ?, tries = tries + 1 WHERE id = ?", (again, name))

    async def _sleep(self) -> None:
        (due,) = self._books.run("SELECT min(due) FROM notices").fetchone()
        seconds = None if due is None else max(0.05, due - self._books.now)
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return
