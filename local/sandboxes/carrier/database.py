"""The carrier's SQLite database: shipments, recalls, returns, timers, and an append-only ledger.

A decision and its timers are one transaction. The write-ahead log isn't synced at every commit: what was answered
survives a SIGKILL of the process, though not a loss of power.
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
class SandboxShipment:
    """``status`` is requested, recalled, dispatched, delivered or lost."""

    order_id: str
    status: str
    units: Units
    recipient: Mapping[str, str]
    tracking: str = ""


@dataclass(frozen=True, slots=True)
class SandboxReturn:
    return_id: str
    order_id: str
    units: Units
    conditions: Mapping[str, list[str]] | None = None
    """What the warehouse will find, if a test has set it."""


@dataclass(frozen=True, slots=True)
class Timer:
    """Something to do at ``due``, in seconds since 1970: ``kind`` is dispatch, deliver, progress, arrive or call."""

    id: str
    due: float
    kind: str
    subject: str
    tries: int = 0
    body: str = ""


class CarrierDatabase:
    """One file, which one process opens."""

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

    # --- Shipments and returns --------------------------------------------------------------------

    def shipment(self, order_id: str) -> SandboxShipment | None:
        row = self._one("SELECT * FROM shipments WHERE order_id = ?", order_id)
        return SandboxShipment(row[0], row[1], json.loads(row[2]), json.loads(row[3]), row[4]) if row else None

    def write_shipment(self, shipment: SandboxShipment) -> None:
        units, recipient = json.dumps(shipment.units), json.dumps(shipment.recipient)
        row = (shipment.order_id, shipment.status, units, recipient, shipment.tracking)
        self._db.execute("INSERT OR REPLACE INTO shipments VALUES (?, ?, ?, ?, ?)", row)

    def recall_refused(self, recall_id: str) -> bool | None:
        """None for an unknown recall."""
        row = self._one("SELECT refused FROM recalls WHERE recall_id = ?", recall_id)
        return bool(row[0]) if row else None

    def write_recall(self, recall_id: str, order_id: str, refused: bool, units: Mapping[str, int]) -> None:
        self._db.execute("INSERT INTO recalls VALUES (?, ?, ?, ?)", (recall_id, order_id, refused, json.dumps(units)))

    def recalled_units(self, order_id: str) -> dict[str, int]:
        """The units of an order that were recalled, by SKU."""
        rows = self._db.execute("SELECT units FROM recalls WHERE order_id = ? AND NOT refused", (order_id,))
        return dict(sum((Counter(json.loads(units)) for (units,) in rows), Counter[str]()))

    def find_return(self, return_id: str) -> SandboxReturn | None:
        row = self._one("SELECT * FROM returns WHERE return_id = ?", return_id)
        return SandboxReturn(row[0], row[1], json.loads(row[2]), json.loads(row[3])) if row else None

    def write_return(self, parcel: SandboxReturn) -> None:
        units, conditions = json.dumps(parcel.units), json.dumps(parcel.conditions)
        row = (parcel.return_id, parcel.order_id, units, conditions)
        self._db.execute("INSERT OR REPLACE INTO returns VALUES (?, ?, ?, ?)", row)

    # --- Timers -----------------------------------------------------------------------------------

    def write_timer(self, timer: Timer) -> None:
        row = (timer.id, timer.due, timer.kind, timer.subject, timer.tries, timer.body)
        self._db.execute("INSERT OR REPLACE INTO timers VALUES (?, ?, ?, ?, ?, ?)", row)

    def drop_timer(self, timer_id: str) -> None:
        self._db.execute("DELETE FROM timers WHERE id = ?", (timer_id,))

    def bring_forward(self, kind: str, now: float, subject: str | None = None) -> None:
        """Make later timers of this kind due now."""
        query = "UPDATE timers SET due = min(due, ?1) WHERE kind = ?2 AND (?3 IS NULL OR subject = ?3)"
        self._db.execute(query, (now, kind, subject))

    def due(self, now: float, limit: int) -> list[Timer]:
        rows = self._db.execute("SELECT * FROM timers WHERE due <= ? ORDER BY due, rowid LIMIT ?", (now, limit))
        return [Timer(*row) for row in rows]

    def next_due(self) -> float | None:
        row = self._one("SELECT min(due) FROM timers WHERE due < ?", NEVER)
        return row[0] if row else None

    # --- Ledger -----------------------------------------------------------------------------------

    def add_entry(self, at: float, kind: str, order_id: str, reference: str = "", units: Any = None) -> None:
        row = (at, kind, order_id, reference, json.dumps(units))
        self._db.execute("INSERT INTO ledger VALUES (NULL, ?, ?, ?, ?, ?)", row)

    def newest_entry(self) -> float:
        """The time of the newest entry, 0 without any."""
        return float(self._one("SELECT coalesce(max(at), 0) FROM ledger")[0])

    def has_entry(self, kind: str, reference: str) -> bool:
        return self._one("SELECT 1 FROM ledger WHERE kind = ? AND reference = ? LIMIT 1", kind, reference) is not None

    def ledger(self, after: int, limit: int) -> list[dict[str, Any]]:
        """Entries in order, from the one after number ``after``."""
        rows = self._db.execute("SELECT * FROM ledger WHERE number > ? ORDER BY number LIMIT ?", (after, limit))
        names = ("number", "at", "kind", "order_id", "reference", "units")
        return [{**dict(zip(names, row, strict=True)), "units": json.loads(row[-1])} for row in rows]

    def _one(self, query: str, *values: Any) -> Any:
        return self._db.execute(query, values).fetchone()
