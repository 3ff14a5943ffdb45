"""Stores that don't belong together move aside together: the tables weren't saved, or a file is damaged or missing."""

import json
import os
import sqlite3
from contextlib import closing

import pytest

from asl.server.execution_store import ExecutionRow, ExecutionStore
from local.aws.names import machine_arn
from local.stack.crash_recovery import SAVED_TABLES, file_version, move_stores_aside, save_problem
from local.stack.store_checks import DATABASES, SEEDED, TABLES, USERS, store_problems

STARTED = 1_000_000
ORDER_ID = "ord_0123456789abcdefghjkmnpqrs"


@pytest.fixture
def folder(tmp_path):
    """The folder of a shop that has an order, and was stopped."""
    save(tmp_path / TABLES, {"payload": {"orders": [ORDER_ID]}})
    save(tmp_path / USERS, {"payload": {}})
    save(tmp_path / SEEDED, {"limit": 50})
    for name in DATABASES[1:]:
        with closing(sqlite3.connect(tmp_path / name)) as database:
            database.execute("CREATE TABLE ledger (at REAL)")
    place(tmp_path, ORDER_ID)
    (tmp_path / "carrier.secret").write_text("secret")
    return tmp_path


@pytest.fixture
def running(folder):
    """The file of a run that was killed."""
    return save(folder / "running.json", {SAVED_TABLES: file_version(folder / TABLES)})


def save(file, document):
    """As ministack does: a new file takes the place of the old one."""
    file.parent.mkdir(exist_ok=True)
    new = file.with_suffix(".tmp")
    new.write_text(json.dumps(document))
    os.utime(new, (STARTED, STARTED))
    new.replace(file)
    return file


def place(folder, order_id):
    """Start the order's execution."""
    store = ExecutionStore(str(folder / DATABASES[0]))
    machine = machine_arn("NewOrder")
    store.add_execution(ExecutionRow(f"{machine}:{order_id}", machine, order_id, "r", 1, 10.0, "{}"))
    store.close()


def leave_write_ahead_log(folder, arn):
    """Add an execution as a killed engine leaves it: in the write-ahead log alone."""
    with closing(sqlite3.connect(folder / DATABASES[0])) as last_reader:
        last_reader.execute("SELECT count(*) FROM execution").fetchone()
        store = ExecutionStore(str(folder / DATABASES[0]))
        store.add_execution(ExecutionRow(arn, "m", arn, "r", 1, 20.0, "{}"))
        store.close()
        files = {suffix: (folder / f"engine.sqlite{suffix}").read_bytes() for suffix in ("", "-wal")}
    assert files["-wal"]
    for suffix, content in files.items():
        (folder / f"engine.sqlite{suffix}").write_bytes(content)


def names(folder):
    return {path.name for path in folder.iterdir()}


STORE_NAMES = {"ministack", "engine.sqlite", "payments.sqlite", "carrier.sqlite", "seeded.json"}


def test_a_run_that_shut_down_leaves_nothing_to_move(folder):
    before = names(folder)
    assert move_stores_aside(folder, folder / "running.json") is None
    assert names(folder) == before


def test_a_new_folder_has_nothing_to_move(tmp_path):
    assert move_stores_aside(tmp_path, tmp_path / "running.json") is None


def test_saved_tables_stay_in_use(folder, running):
    save(folder / TABLES, {"payload": {"orders": [ORDER_ID, "another"]}})
    assert move_stores_aside(folder, running) is None
    assert (folder / "engine.sqlite").exists()


def test_tables_that_were_saved_after_the_clock_was_set_back_stay_in_use(folder, running):
    tables = save(folder / TABLES, {"payload": {"orders": [ORDER_ID, "another"]}})
    os.utime(tables, (STARTED - 3600, STARTED - 3600))
    assert move_stores_aside(folder, running) is None


@pytest.mark.parametrize("saved_before", [True, False])
def test_stores_without_their_tables_move_aside_together(folder, saved_before):
    if not saved_before:
        (folder / TABLES).unlink()
        (folder / TABLES).parent.rmdir()
    running = save(folder / "running.json", {SAVED_TABLES: file_version(folder / TABLES)})
    leave_write_ahead_log(folder, "the newest")

    moved = move_stores_aside(folder, running)

    assert moved is not None
    assert moved.problems[0] == f"{TABLES} was not saved by the last run"
    assert names(moved.folder) == STORE_NAMES - (set() if saved_before else {"ministack"})
    store = ExecutionStore(str(moved.folder / DATABASES[0]))
    assert store.execution("the newest") is not None
    store.close()
    assert names(folder) == {"cognito", "carrier.secret", moved.folder.name}


@pytest.mark.parametrize("content", ["", '{"pids": {"stack"', '{"pids": {}}', "[]"])
def test_facts_that_name_no_tables_are_those_of_a_run_that_saved_none(folder, content):
    (folder / "running.json").write_text(content)
    moved = move_stores_aside(folder, folder / "running.json")
    assert moved is not None
    assert moved.problems == [f"{TABLES} was not saved by the last run"]


def test_tables_that_are_older_than_the_orders_are_named(folder):
    newer = ORDER_ID.replace("0", "z")
    place(folder, newer)
    moved = move_stores_aside(folder, folder / "running.json")
    assert moved is not None
    assert moved.problems == [f"{TABLES} is older than the other stores, and lacks {newer}"]
    assert names(moved.folder) == STORE_NAMES


def test_an_execution_that_was_started_by_hand_is_no_order(folder):
    place(folder, "5f0c6dc8-by-hand")
    assert store_problems(folder) == []


@pytest.mark.parametrize("name", [TABLES, USERS, SEEDED, "ministack/s3.json"])
@pytest.mark.parametrize("length", [0, 7])
def test_a_truncated_file_is_named(folder, name, length):
    save(folder / name, {"payload": {}})
    os.truncate(folder / name, length)
    problem = f"{name} is {'truncated or damaged' if length else 'empty'}"
    assert store_problems(folder) == [problem]
    moved = move_stores_aside(folder, folder / "running.json")
    assert moved is not None
    assert moved.problems == [problem]
    assert ("cognito" in names(moved.folder)) == (name == USERS)


@pytest.mark.parametrize("name", DATABASES)
def test_a_damaged_database_is_named(folder, name):
    content = (folder / name).read_bytes()
    for damage, problem in {
        b"": "is empty",
        content[:100]: "is damaged (database disk image is malformed)",
        content[: len(content) // 2 // 4096 * 4096 or 512]: "is damaged",
        b"no database at all" * 100: "is damaged (file is not a database)",
    }.items():
        (folder / name).write_bytes(damage)
        (found,) = store_problems(folder)
        assert found.startswith(f"{name} {problem}")


@pytest.mark.parametrize("name", [TABLES, USERS, SEEDED, *DATABASES[1:]])
def test_a_missing_file_of_a_shop_with_orders_is_named(folder, name):
    (folder / name).unlink()
    assert store_problems(folder) == [f"{name} is missing"]


def test_missing_executions_of_a_shop_that_opened_are_named(folder):
    (folder / DATABASES[0]).unlink()
    assert store_problems(folder) == ["engine.sqlite is missing"]


def test_a_first_start_that_was_interrupted_has_no_problem(folder):
    for name in (TABLES, SEEDED, DATABASES[0]):
        (folder / name).unlink()
    assert store_problems(folder) == []


def test_a_number_that_only_python_writes_is_no_damage(folder):
    (folder / TABLES).write_text(f'{{"seconds": NaN, "order": "{ORDER_ID}"}}')
    assert store_problems(folder) == []


def test_two_folders_of_one_second_have_two_names(folder):
    targets = set()
    for _ in range(3):
        (folder / TABLES).parent.mkdir(exist_ok=True)
        (folder / TABLES).write_text("")
        moved = move_stores_aside(folder, folder / "running.json")
        assert moved is not None
        targets.add(moved.folder)
    assert len(targets) == 3


def test_a_shutdown_that_saved_nothing_is_noticed(folder):
    before = file_version(folder / TABLES)
    assert save_problem(folder, before) == f"{TABLES} could not be saved"
    save(folder / TABLES, {"payload": {}})
    assert save_problem(folder, before) is None
    os.truncate(folder / TABLES, 5)
    assert save_problem(folder, before) == f"{TABLES} is truncated or damaged"
