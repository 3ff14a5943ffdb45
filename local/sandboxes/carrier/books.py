"""The carrier's books in SQLite: shipments, recalls, returns, what is due when, and an append-only ledger.

A decision and what it sets off are one transaction. Written ahead and never waiting for the disk: what was answered
outlives a SIGKILL of the process, though not a loss of power.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

Units = Mapping[str, int]
NEVER = 1e18

_SCHEMA = """
CREATE TABLE IF NOT EXISTS shipments (
    order_id TEXT PRIMARY KEY, status TEXT, units TEXT, recipient TEXT, tracking TEXT);
CREATE TABLE IF NOT EXISTS recalls (recall_id TEXT PRIMARY KEY, order_id TEXT, refused INTEGER, units TEXT);
CREATE TABLE IF NOT EXISTS returns (return_id TEXT PRIMARY KEY, order_id TEXT, units TEXT, conditions TEXT);
CREATE TABLE IF NOT EXISTS timers (id TEXT PRIMARY KEY, due REAL, kind TEXT, subject TEXT, tries INTEGER, body TEXT);
CREATE INDEX IF NOT EXISTS timers_by_due ON timers (due);
CREATE TABLE IF NOT EXISTS ledger (
    number INTEGER PRIMARY KEY, at REAL, kind TEXT, order_id TEXT, reference TEXT, units TEXT);
"""


@dataclass(frozen=True, slots=True)
class Shipment:
    """``status`` is requested, recalled, dispatched, delivered or lost."""

    order_id: str
    status: str
    units: Units
    recipient: Mapping[str, str]
    tracking: str = ""


@dataclass(frozen=True, slots=True)
class Return:
    return_id: str
    order_id: str
    units: Units
    conditions: Mapping[str, list[str]] | None = None
    """What the warehouse will find, where a test has said so."""


@dataclass(frozen=True, slots=True)
class Timer:
    """Something to do at ``due``, in seconds since 1970: ``kind`` is dispatch, deliver, progress, arrive or call."""

    id: str
    due: float
    kind: str
    subject: str
    tries: int = 0
    body: str = ""


class Books:
    """One file, one process."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # --- Shipments and returns ------------------------------------------------------------------

    def shipment(self, order_id: str) -> Shipment | None:
        row = self._one("SELECT * FROM shipments WHERE order_id = ?", order_id)
        return Shipment(row[0], row[1], json.loads(row[2]), json.loads(row[3]), row[4]) if row else None

    def write_shipment(self, each: Shipment) -> None:
        row = (each.order_id, each.status, json.dumps(each.units), json.dumps(each.recipient), each.tracking)
        self._db.execute("INSERT OR REPLACE INTO shipments VALUES (?, ?, ?, ?, ?)", row)

    def recall_refused(self, recall_id: str) -> bool | None:
        """None of a recall that never came."""
        row = self._one("SELECT refused FROM recalls WHERE recall_id = ?", recall_id)
        return bool(row[0]) if row else None

    def write_recall(self, recall_id: str, order_id: str, refused: bool, units: Mapping[str, int]) -> None:
        self._db.execute("INSERT INTO recalls VALUES (?, ?, ?, ?)", (recall_id, order_id, refused, json.dumps(units)))

    def recalled_units(self, order_id: str) -> dict[str, int]:
        """What was called back of an order, by line."""
        rows = self._db.execute("SELECT units FROM recalls WHERE order_id = ? AND NOT refused", (order_id,))
        return dict(sum((Counter(json.loads(units)) for (units,) in rows), Counter[str]()))

    def find_return(self, return_id: str) -> Return | None:
        row = self._one("SELECT * FROM returns WHERE return_id = ?", return_id)
        return Return(row[0], row[1], json.loads(row[2]), json.loads(row[3])) if row else None

    def write_return(self, each: Return) -> None:
        row = (each.return_id, each.order_id, json.dumps(each.units), json.dumps(each.conditions))
        self._db.execute("INSERT OR REPLACE INTO returns VALUES (?, ?, ?, ?)", row)

    # --- What is due ----------------------------------------------------------------------------

    def write_timer(self, timer: Timer) -> None:
        row = (timer.id, timer.due, timer.kind, timer.subject, timer.tries, timer.body)
        self._db.execute("INSERT OR REPLACE INTO timers VALUES (?, ?, ?, ?, ?, ?)", row)

    def drop_timer(self, timer_id: str) -> None:
        self._db.execute("DELETE FROM timers WHERE id = ?", (timer_id,))

    def bring_forward(self, kind: str, now: float, subject: str | None = None) -> None:
        """What is of this kind, and due later, is due now."""
        query = "UPDATE timers SET due = min(due, ?1) WHERE kind = ?2 AND (?3 IS NULL OR subject = ?3)"
        self._db.execute(query, (now, kind, subject))

    def due(self, now: float, limit: int) -> list[Timer]:
        rows = self._db.execute("SELECT * FROM timers WHERE due <= ? ORDER BY due, rowid LIMIT ?", (now, limit))
        return [Timer(*row) for row in rows]

    def next_due(self) -> float | None:
        row = self._one("SELECT min(due) FROM timers WHERE due < ?", NEVER)
        return row[0] if row else None

    # --- The ledger -----------------------------------------------------------------------------

    def enter(self, at: float, kind: str, order_id: str, reference: str = "", units: Any = None) -> None:
        row = (at, kind, order_id, reference, json.dumps(units))
        self._db.execute("INSERT INTO ledger VALUES (NULL, ?, ?, ?, ?, ?)", row)

    def was_entered(self, kind: str, reference: str) -> bool:
        return self._one("SELECT 1 FROM ledger WHERE kind = ? AND reference = ? LIMIT 1", kind, reference) is not None

    def ledger(self, after: int, limit: int) -> list[dict[str, Any]]:
        """Entries in the order in which they came to be, from the one after number ``after``."""
        rows = self._db.execute("SELECT * FROM ledger WHERE number > ? ORDER BY number LIMIT ?", (after, limit))
        names = ("number", "at", "kind", "order_id", "reference", "units")
        return [{**dict(zip(names, row, strict=True)), "units": json.loads(row[-1])} for row in rows]

    def _one(self, query: str, *values: Any) -> Any:
        return self._db.execute(query, values).fetchone()
