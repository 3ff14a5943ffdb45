"""Webhook events, as Stripe sends them: stored in one transaction with their cause, and sent until accepted.

Only the types that the shop's endpoint subscribes to. https://docs.stripe.com/api/events/types
"""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local.sandboxes.callbacks import LONGEST_SLEEP_SECONDS, Post, retry_seconds
from local.sandboxes.payments.database import PaymentsDatabase, new_id

# The table has kept its first name, so that an earlier version's store keeps working.
_SCHEMA = "CREATE TABLE IF NOT EXISTS notices (id TEXT PRIMARY KEY, due REAL, tries INTEGER, body TEXT)"
_LEAST_SLEEP_SECONDS = 0.05


class WebhookEvents:
    """The events that the shop hasn't accepted yet. They are sent one at a time, after the operation's commit."""

    def __init__(self, database: PaymentsDatabase, post: Post) -> None:
        self._database, self._post = database, post
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="events")
        database.run(_SCHEMA)
        database.publish = self.add

    def add(self, kind: str, subject: dict[str, Any]) -> None:
        """Store an event about an object."""
        now = self._database.now
        event = {"id": new_id("evt"), "object": "event", "created": now, "type": kind, "livemode": False}
        body = json.dumps({**event, "data": {"object": subject}})
        self._database.run("INSERT INTO notices VALUES (?, ?, 0, ?)", (event["id"], now, body))
        self._wake.set()

    async def run(self) -> None:
        """Send events until cancelled. Those that an earlier process left come first."""
        self._database.run("UPDATE notices SET due = 0")
        try:
            while True:
                self._wake.clear()
                await self.send_due()
                await self._sleep()
        finally:
            self._thread.shutdown(cancel_futures=True)

    async def send_due(self) -> None:
        query = "SELECT id, tries, body FROM notices WHERE due <= ? ORDER BY due"
        for event_id, tries, body in self._database.run(query, (self._database.now,)).fetchall():
            if await asyncio.get_running_loop().run_in_executor(self._thread, self._post, body):
                self._database.run("DELETE FROM notices WHERE id = ?", (event_id,))
            else:
                retry_at = self._database.now + retry_seconds(tries + 1)
                self._database.run("UPDATE notices SET due = ?, tries = tries + 1 WHERE id = ?", (retry_at, event_id))

    async def _sleep(self) -> None:
        (due,) = self._database.run("SELECT min(due) FROM notices").fetchone()
        seconds = None
        if due is not None:
            seconds = min(max(_LEAST_SLEEP_SECONDS, due - self._database.now), LONGEST_SLEEP_SECONDS)
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return
