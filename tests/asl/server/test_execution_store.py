"""The execution store: commits, order, indexes and full disks."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from asl.server.execution_store import ExecutionRow, ExecutionStore


def row(name: str, started: float = 1.0, machine: str = "machine") -> ExecutionRow:
    return ExecutionRow(f"arn:{name}", machine, name, "revision", 7, started, "{}")


def reopened(path: Path, store: ExecutionStore) -> ExecutionStore:
    store.close()
    return ExecutionStore(str(path))


def test_committed_data_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = ExecutionStore(str(path))
    store.put_resource("machine", "arn:m", {"name": "m"})
    store.put_resource("machine", "arn:m", {"name": "m", "changed": True})
    store.add_execution(row("a"))
    store.append_entry("arn:a", 1, 3.0, "second")
    store.append_entry("arn:a", 0, 2.0, "first")
    store.set("offset", 5.5)

    store = reopened(path, store)

    assert list(store.resources()) == [("machine", "arn:m", {"name": "m", "changed": True})]
    assert store.execution("arn:a") == row("a")
    assert store.journal("arn:a") == [(2.0, "first"), (3.0, "second")]
    assert (store.get("offset"), store.get("none", 1)) == (5.5, 1)


def test_another_connection_reads_committed_data_only(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store, reader = ExecutionStore(str(path)), ExecutionStore(str(path))
    store.add_execution(row("a"))
    assert reader.execution("arn:a") is None

    store.commit()

    assert reader.execution("arn:a") == row("a")


def test_executions_are_listed_newest_first_with_limit_and_offset() -> None:
    store = ExecutionStore(":memory:")
    for n in range(5):
        store.add_execution(row(str(n), started=float(n)))
    store.add_execution(row("other", machine="another"))

    executions = store.executions("machine_arn = ?", ["machine"], limit=2, offset=1)

    assert [each.name for each in executions] == ["3", "2"]


def test_an_ended_execution_is_not_running() -> None:
    store = ExecutionStore(":memory:")
    ended = row("ended")
    for each in (row("early", 1.0), ended, row("late", 2.0)):
        store.add_execution(each)
    ended.status, ended.output, ended.stopped = "SUCCEEDED", "1", 9.0
    store.update_execution(ended)

    assert [each.name for each in store.running()] == ["early", "late"]
    assert store.execution("arn:ended") == ended


def test_a_deleted_resource_is_not_listed() -> None:
    store = ExecutionStore(":memory:")
    store.put_resource("alias", "arn:x", {})
    store.delete_resource("arn:x")
    assert list(store.resources()) == []


def test_writes_rolled_back_by_a_full_disk_are_repeated(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = ExecutionStore(str(path))
    (pages,) = store.connection.execute("PRAGMA page_count").fetchone()
    store.connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    store.add_execution(row("a"))
    with pytest.raises(sqlite3.OperationalError, match="full"):
        store.append_entry("arn:a", 0, 2.0, "x" * 50_000)
    if store.connection.in_transaction:
        store.connection.rollback()  # SQLite does it itself if the file system is full
    store.connection.execute("PRAGMA max_page_count = 10000")

    store = reopened(path, store)

    assert store.execution("arn:a") == row("a")
    assert store.journal("arn:a") == []


def test_running_executions_are_listed_by_a_partial_index(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = ExecutionStore(str(path))
    store.connection.execute("DROP INDEX execution_that_runs")
    store.connection.execute("CREATE INDEX execution_running ON execution (status) WHERE status = 'RUNNING'")

    store = reopened(path, store)  # migrates the index of an earlier version

    where = "machine_arn = ? AND status = 'RUNNING' ORDER BY started DESC, rowid DESC"
    plan = store.connection.execute(f"EXPLAIN QUERY PLAN SELECT * FROM execution WHERE {where}", ("machine",))
    assert [step for *_, step in plan] == ["SEARCH execution USING INDEX execution_that_runs (machine_arn=?)"]
    indexes = store.connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")
    assert "execution_running" not in {name for (name,) in indexes}
