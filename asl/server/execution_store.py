"""The server's storage: resources, executions and their journals, in one SQLite file.

An execution's journal is the ordered list of the inputs that it received, each with its time. The journal and the
execution's row are enough to compute the execution again, with its history. The only derived data in the file is the
result of a finished execution, so that lists and descriptions need no computation.

Writes belong to a transaction that ``commit`` ends. The file is in WAL mode, so commits survive a killed process.
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
"""Keys are random, so writes touch pages all over the file. With SQLite's default of 2 MiB each write reads them."""


@dataclass(slots=True)
class ExecutionRow:
    """An execution: its start parameters, and its result. Times are seconds since 1970."""

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
PLACEHOLDERS = ", ".join("?" for _ in NAMES)
RESULT_NAMES = ("status", "stopped", "output", "error", "cause", "redrives", "redriven")
values_of = attrgetter(*NAMES)
result_of = attrgetter(*RESULT_NAMES, "arn")
UPDATE = f"UPDATE execution SET {', '.join(f'{name} = ?' for name in RESULT_NAMES)} WHERE arn = ?"


def _storable(value: Any) -> Any:
    """Replaces lone surrogates, which JSON allows and UTF-8 doesn't."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class ExecutionStore:
    """One SQLite file, used from one thread.

    Args:
        path: the file, created if it is missing; ``:memory:`` stores nothing on disk.
    """

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self.connection.execute(f"PRAGMA cache_size = -{CACHED_KIBIBYTES}")
        self.connection.executescript(SCHEMA)
        self.uncommitted: list[tuple[str, tuple[Any, ...]]] = []
        """The writes since the last commit. SQLite rolls them back when the disk is full; they are then repeated."""

    @property
    def pending(self) -> bool:
        return bool(self.uncommitted)

    def _write(self, statement: str, values: Iterable[Any]) -> None:
        self._begin()
        row = tuple(values)
        try:
            self.connection.execute(statement, row)
        except UnicodeEncodeError:
            row = tuple(map(_storable, row))
            self.connection.execute(statement, row)
        self.uncommitted.append((statement, row))

    def _begin(self) -> None:
        """Begin a transaction, and repeat in it the writes of one that was rolled back."""
        if self.connection.in_transaction:
            return
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            for statement, row in self.uncommitted:
                self.connection.execute(statement, row)
        except sqlite3.Error:
            self.connection.rollback()
            raise

    def commit(self) -> None:
        """Commit all writes. A commit that fails, as on a full disk, can be tried again."""
        if self.uncommitted:
            self._begin()
            self.connection.execute("COMMIT")
            self.uncommitted.clear()

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
        self._write(f"INSERT INTO execution ({COLUMNS}) VALUES ({PLACEHOLDERS})", values_of(row))

    def update_execution(self, row: ExecutionRow) -> None:
        """Update an execution's status, result and redrives."""
        self._write(UPDATE, result_of(row))

    def execution(self, arn: str) -> ExecutionRow | None:
        row = self.connection.execute(f"SELECT {COLUMNS} FROM execution WHERE arn = ?", (arn,)).fetchone()
        return ExecutionRow(*row) if row else None

    def executions(self, where: str, values: Iterable[Any], limit: int = -1, offset: int = 0) -> list[ExecutionRow]:
        """The executions that match a condition, newest first."""
        rows = self.connection.execute(
            f"SELECT {COLUMNS} FROM execution WHERE {where} ORDER BY started DESC, rowid DESC LIMIT ? OFFSET ?",
            (*values, limit, offset),
        )
        return [ExecutionRow(*row) for row in rows]

    def newest(self) -> float:
        """The time of the newest entry, 0 without any. The journals of ended executions end before these do."""
        columns = ", ".join(f"coalesce(max({name}), 0)" for name in ("started", "stopped", "redriven"))
        times = self.connection.execute(f"SELECT {columns} FROM execution").fetchone()
        journals = "SELECT coalesce(max(at), 0) FROM journal JOIN execution USING (arn) WHERE status = 'RUNNING'"
        return float(max(*times, *self.connection.execute(journals).fetchone()))

    def running(self) -> list[ExecutionRow]:
        """The executions to resume after a restart, oldest first."""
        return self.executions("status = 'RUNNING'", ())[::-1]

    def append_entry(self, arn: str, seq: int, at: float, entry: str) -> None:
        """Add an entry to an execution's journal."""
        self._write("INSERT INTO journal (arn, seq, at, entry) VALUES (?, ?, ?, ?)", (arn, seq, at, entry))

    def journal(self, arn: str) -> list[tuple[float, str]]:
        """An execution's journal: (time, entry) pairs in order."""
        return self.connection.execute("SELECT at, entry FROM journal WHERE arn = ? ORDER BY seq", (arn,)).fetchall()

    def add_map_run(self, arn: str, execution: str) -> None:
        self._write("INSERT OR IGNORE INTO map_run (arn, execution) VALUES (?, ?)", (arn, execution))

    def executions_of_map_runs(self, prefix: str) -> list[str]:
        """The executions that have a Map Run whose ARN begins with the prefix."""
        rows = self.connection.execute(
            "SELECT DISTINCT execution FROM map_run WHERE substr(arn, 1, ?) = ?", (len(prefix), prefix)
        )
        return [arn for (arn,) in rows]

    def set(self, name: str, value: Any) -> None:
        self._write("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", (name, json.dumps(value)))

    def get(self, name: str, default: Any = None) -> Any:
        row = self.connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else default
