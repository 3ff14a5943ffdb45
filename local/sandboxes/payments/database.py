"""The sandbox's SQLite database: payment intents, charges, refunds, idempotency keys, and an append-only ledger.

An operation and the response stored under its key are one transaction. The write-ahead log isn't synced at every
commit: what was answered survives a SIGKILL of the process, though not a loss of power.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any
from uuid import uuid4

Row = tuple[Any, ...]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS intents (
    id TEXT PRIMARY KEY, created INTEGER, amount INTEGER, currency TEXT, method TEXT, metadata TEXT, status TEXT,
    charge TEXT, canceled_at INTEGER, authorized INTEGER, captured INTEGER, refunded INTEGER,
    CHECK (authorized IN (0, amount)),
    CHECK (captured BETWEEN 0 AND authorized),
    CHECK (refunded BETWEEN 0 AND captured));
CREATE TABLE IF NOT EXISTS charges (id TEXT PRIMARY KEY, intent TEXT, created INTEGER, method TEXT, decline TEXT);
CREATE TABLE IF NOT EXISTS refunds (
    id TEXT PRIMARY KEY, intent TEXT, charge TEXT, created INTEGER, amount INTEGER, currency TEXT, metadata TEXT,
    reason TEXT, CHECK (amount > 0));
CREATE INDEX IF NOT EXISTS refunds_by_intent ON refunds (intent);
CREATE TABLE IF NOT EXISTS keys (
    key TEXT PRIMARY KEY, created INTEGER, path TEXT, params TEXT, status INTEGER, body BLOB);
CREATE TABLE IF NOT EXISTS ledger (
    number INTEGER PRIMARY KEY, at INTEGER, kind TEXT, payment_intent TEXT, order_id TEXT, effect_id TEXT,
    amount INTEGER, currency TEXT);
"""


@dataclass(slots=True)
class Intent:
    id: str
    created: int
    amount: int
    currency: str
    method: str | None
    metadata: dict[str, str]
    status: str = "requires_confirmation"
    charge: str | None = None
    canceled_at: int | None = None
    authorized: int = 0
    captured: int = 0
    refunded: int = 0


@dataclass(slots=True)
class Charge:
    id: str
    intent: str
    created: int
    method: str
    decline: str | None
    """The decline code, or None if the amount was authorized."""


@dataclass(slots=True)
class SandboxRefund:
    id: str
    intent: str
    charge: str
    created: int
    amount: int
    currency: str
    metadata: dict[str, str]
    reason: str | None


@dataclass(slots=True)
class StoredResponse:
    """The response of an idempotency key, and the request that it belongs to."""

    key: str
    created: int
    path: str
    params: str
    status: int
    body: bytes


_TABLES = {Intent: "intents", Charge: "charges", SandboxRefund: "refunds", StoredResponse: "keys"}
_VALUES = {kind: attrgetter(*(field.name for field in fields(kind))) for kind in _TABLES}


def _upsert(kind: type[Any]) -> str:
    """Writes a whole row. REPLACE would change the rowid, and so the order of lists."""
    names = [field.name for field in fields(kind)]
    updates = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
    marks = ", ".join("?" * len(names))
    return f"INSERT INTO {_TABLES[kind]} VALUES ({marks}) ON CONFLICT ({names[0]}) DO UPDATE SET {updates}"


_WRITE = {kind: _upsert(kind) for kind in _TABLES}


class PaymentsDatabase:
    """One file, which one process opens. ``clock`` returns seconds since 1970."""

    def __init__(self, path: str, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)
        self.run = self._db.execute
        """Run one statement. Transactions are the caller's."""
        self.publish: Callable[[str, dict[str, Any]], None] = lambda kind, subject: None
        """Publish an event of a type, about an object. ``WebhookEvents`` sets it."""

    @property
    def now(self) -> int:
        return int(self._clock())

    def close(self) -> None:
        self._db.close()

    def write(self, row: Intent | Charge | SandboxRefund | StoredResponse) -> None:
        values = _VALUES[type(row)](row)
        self.run(_WRITE[type(row)], [json.dumps(value) if type(value) is dict else value for value in values])

    def add_entry(self, kind: str, intent: Intent, amount: int, effect_id: str | None = None) -> None:
        """Append an entry to the ledger."""
        self.run(
            "INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (None, self.now, kind, intent.id, intent.metadata.get("order_id"), effect_id, amount, intent.currency),
        )

    def intent(self, name: str) -> Intent | None:
        row = self.run("SELECT * FROM intents WHERE id = ?", (name,)).fetchone()
        return _intent(row) if row else None

    def charge(self, name: str | None) -> Charge | None:
        row = name and self.run("SELECT * FROM charges WHERE id = ?", (name,)).fetchone()
        return Charge(*row) if row else None

    def refund(self, name: str) -> SandboxRefund | None:
        row = self.run("SELECT * FROM refunds WHERE id = ?", (name,)).fetchone()
        return _refund(row) if row else None

    def stored_response(self, key: str, since: int) -> StoredResponse | None:
        row = self.run("SELECT * FROM keys WHERE key = ? AND created > ?", (key, since)).fetchone()
        return StoredResponse(*row) if row else None

    def drop_responses(self, until: int) -> None:
        self.run("DELETE FROM keys WHERE created <= ?", (until,))

    def intents(self, limit: int, after: str | None) -> list[Intent]:
        """Newest first, from the one after ``after``."""
        rows = self.run(
            "SELECT * FROM intents WHERE ?1 IS NULL OR rowid < (SELECT rowid FROM intents WHERE id = ?1)"
            " ORDER BY rowid DESC LIMIT ?2",
            (after, limit),
        )
        return [_intent(row) for row in rows]

    def intents_with(self, key: str, value: str, until: int) -> list[Intent]:
        """The intents with this metadata value that were created until then."""
        rows = self.run(
            "SELECT * FROM intents WHERE json_extract(metadata, '$.' || ?) = ? AND created <= ? ORDER BY rowid DESC",
            (f'"{key}"', value, until),
        )
        return [_intent(row) for row in rows]

    def refunds(self, limit: int, after: str | None, intent: str | None) -> list[SandboxRefund]:
        """Newest first, from the one after ``after``, of one payment intent or of all."""
        rows = self.run(
            "SELECT * FROM refunds WHERE (?1 IS NULL OR rowid < (SELECT rowid FROM refunds WHERE id = ?1))"
            " AND (?3 IS NULL OR intent = ?3) ORDER BY rowid DESC LIMIT ?2",
            (after, limit, intent),
        )
        return [_refund(row) for row in rows]

    def newest_entry(self) -> float:
        """The time of the newest entry, 0 without any."""
        (at,) = self.run("SELECT coalesce(max(at), 0) FROM ledger").fetchone()
        return float(at)

    def ledger(self, after: int, limit: int) -> list[dict[str, Any]]:
        """Entries in order, from the one after number ``after``."""
        cursor = self.run("SELECT * FROM ledger WHERE number > ? ORDER BY number LIMIT ?", (after, limit))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]


def new_id(prefix: str) -> str:
    return f"{prefix}_{uuid4().hex[:24]}"


def _intent(row: Row) -> Intent:
    intent = Intent(*row)
    intent.metadata = json.loads(row[5])
    return intent


def _refund(row: Row) -> SandboxRefund:
    refund = SandboxRefund(*row)
    refund.metadata = json.loads(row[6])
    return refund
