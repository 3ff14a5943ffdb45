"""What the server keeps: state machines and their kin, executions, and each execution's journal, in one SQLite file.

An execution's journal is the ordered list of what reached it from outside, with the time each thing arrived; with the
execution's row it is enough to compute the execution again, history and all. Nothing derived is stored, but for a
finished execution's result, so that lists and descriptions needn't.

Writes gather in a transaction until ``commit``. The file is in WAL mode: what was committed survives a killed process.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS resource (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, arn TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS execution (
    arn TEXT PRIMARY KEY, machine_arn TEXT NOT NULL, name TEXT NOT NULL, revision TEXT NOT NULL, seed INTEGER NOT NULL,
    started REAL NOT NULL, input TEXT NOT NULL, version_arn TEXT, alias_arn TEXT, trace_header TEXT, mock_case TEXT,
    status TEXT NOT NULL, stopped REAL, output TEXT, error TEXT, cause TEXT,
    redrives INTEGER NOT NULL, redriven REAL);
CREATE INDEX IF NOT EXISTS execution_of_machine ON execution (machine_arn, started);
DROP INDEX IF EXISTS execution_running;
CREATE INDEX IF NOT EXISTS execution_that_runs ON execution (machine_arn, started) WHERE status = 'RUNNING';
CREATE TABLE IF NOT EXISTS journal (
    arn TEXT NOT NULL, seq INTEGER NOT NULL, at REAL NOT NULL, entry TEXT NOT NULL, PRIMARY KEY (arn, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS map_run (arn TEXT PRIMARY KEY, execution TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


CACHED_KIBIBYTES = 65_536
"""Keys are names, which lie anywhere in the file: with SQLite's own 2 MiB each write read the pages that it changes."""


@dataclass(slots=True)
class ExecutionRow:
    """An execution: what it was started with, and how it ended. Times are seconds since 1970."""

    arn: str
    machine_arn: str
    name: str
    revision: str
    seed: int
    started: float
    input: str
    version_arn: str | None = None
    alias_arn: str | None = None
    trace_header: str | None = None
    mock_case: str | None = None
    status: str = "RUNNING"
    stopped: float | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    redrives: int = 0
    redriven: float | None = None


NAMES = [field.name for field in fields(ExecutionRow)]
COLUMNS = ", ".join(NAMES)
PLACES = ", ".join("?" for _ in NAMES)
ENDING = ("status", "stopped", "output", "error", "cause", "redrives", "redriven")
values_of = attrgetter(*NAMES)
endings_of = attrgetter(*ENDING, "arn")
UPDATE = f"UPDATE execution SET {', '.join(f'{name} = ?' for name in ENDING)} WHERE arn = ?"


def _storable(value: Any) -> Any:
    """A text without lone surrogates, which JSON can hold and UTF-8 can't."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class Store:
    """One SQLite file, used from one thread.

    Args:
        path: the file, made where it isn't there; ``:memory:`` keeps nothing.
    """

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self.connection.execute(f"PRAGMA cache_size = -{CACHED_KIBIBYTES}")
        self.connection.executescript(SCHEMA)
        self.written: list[tuple[str, tuple[Any, ...]]] = []
        """Since the last commit: SQLite takes all of it back when the disk is full."""

    @property
    def pending(self) -> bool:
        return bool(self.written)

    def _write(self, statement: str, values: Iterable[Any]) -> None:
        self._begin()
        row = tuple(values)
        try:
            self.connection.execute(statement, row)
        except UnicodeEncodeError:
            row = tuple(map(_storable, row))
            self.connection.execute(statement, row)
        self.written.append((statement, row))

    def _begin(self) -> None:
        """A transaction, with all in it that was written since the last commit."""
        if self.connection.in_transaction:
            return
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            for statement, row in self.written:
                self.connection.execute(statement, row)
        except sqlite3.Error:
            self.connection.rollback()
            raise

    def commit(self) -> None:
        """Make everything written so far lasting. What fails, as on a full disk, can be tried again."""
        if self.written:
            self._begin()
            self.connection.execute("COMMIT")
            self.written.clear()

    def close(self) -> None:
        self.commit()
        self.connection.close()

    def put_resource(self, kind: str, arn: str, body: dict[str, Any]) -> None:
        """Insert or replace a state machine, revision, version, alias or activity."""
        insert = "INSERT INTO resource (kind, arn, body) VALUES (?, ?, ?)"
        self._write(f"{insert} ON CONFLICT (arn) DO UPDATE SET body = excluded.body", (kind, arn, json.dumps(body)))

    def delete_resource(self, arn: str) -> None:
        self._write("DELETE FROM resource WHERE arn = ?", (arn,))

    def resources(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Every resource as (kind, ARN, body), oldest first."""
        for kind, arn, body in self.connection.execute("SELECT kind, arn, body FROM resource ORDER BY id"):
            yield kind, arn, json.loads(body)

    def add_execution(self, row: ExecutionRow) -> None:
        self._write(f"INSERT INTO execution ({COLUMNS}) VALUES ({PLACES})", values_of(row))

    def update_execution(self, row: ExecutionRow) -> None:
        """Write how an execution stands: its status, result, and redrives."""
        self._write(UPDATE, endings_of(row))

    def execution(self, arn: str) -> ExecutionRow | None:
        found = self.connection.execute(f"SELECT {COLUMNS} FROM execution WHERE arn = ?", (arn,)).fetchone()
        return ExecutionRow(*found) if found else None

    def executions(self, where: str, values: Iterable[Any], limit: int = -1, offset: int = 0) -> list[ExecutionRow]:
        """The executions that a condition picks, newest first."""
        rows = self.connection.execute(
            f"SELECT {COLUMNS} FROM execution WHERE {where} ORDER BY started DESC, rowid DESC LIMIT ? OFFSET ?",
            (*values, limit, offset),
        )
        return [ExecutionRow(*row) for row in rows]

    def running(self) -> list[ExecutionRow]:
        """The executions to take up again after a restart, oldest first."""
        return self.executions("status = 'RUNNING'", ())[::-1]

    def append(self, arn: str, seq: int, at: float, entry: str) -> None:
        """Add what reached an execution from outside to its journal."""
        self._write("INSERT INTO journal (arn, seq, at, entry) VALUES (?, ?, ?, ?)", (arn, seq, at, entry))

    def journal(self, arn: str) -> list[tuple[float, str]]:
        """An execution's journal, (time, entry) in order."""
        return self.connection.execute("SELECT at, entry FROM journal WHERE arn = ? ORDER BY seq", (arn,)).fetchall()

    def add_map_run(self, arn: str, execution: str) -> None:
        self._write("INSERT OR IGNORE INTO map_run (arn, execution) VALUES (?, ?)", (arn, execution))

    def executions_of_map_runs(self, prefix: str) -> list[str]:
        """The executions that have Map Runs whose ARNs begin so."""
        found = self.connection.execute(
            "SELECT DISTINCT execution FROM map_run WHERE substr(arn, 1, ?) = ?", (len(prefix), prefix)
        )
        return [arn for (arn,) in found]

    def set(self, name: str, value: Any) -> None:
        self._write("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", (name, json.dumps(value)))

    def get(self, name: str, default: Any = None) -> Any:
        found = self.connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return json.loads(found[0]) if found else default
