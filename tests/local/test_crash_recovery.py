"""After a killed run, its stores stay in use, or move aside together if the tables are older than the run."""

import os

import pytest

from local.stack.crash_recovery import move_stores_aside

STARTED = 1_000_000


@pytest.fixture
def running(tmp_path):
    """The file of a run that was killed, beside its engine's store."""
    (tmp_path / "engine.sqlite").write_text("executions")
    (tmp_path / "engine.sqlite-wal").write_text("more executions")
    (tmp_path / "carrier.secret").write_text("secret")
    return written(tmp_path / "running.json", STARTED)


def written(path, at):
    path.parent.mkdir(exist_ok=True)
    path.write_text("{}")
    os.utime(path, (at, at))
    return path


def test_saved_tables_stay_in_use(tmp_path, running):
    written(tmp_path / "ministack" / "dynamodb.json", STARTED + 60)
    assert move_stores_aside(tmp_path, running) is None
    assert (tmp_path / "engine.sqlite").read_text() == "executions"


@pytest.mark.parametrize("saved_before", [True, False])
def test_stores_without_their_tables_move_aside_together(tmp_path, running, saved_before):
    if saved_before:
        written(tmp_path / "ministack" / "dynamodb.json", STARTED - 60)

    target = move_stores_aside(tmp_path, running)

    assert target is not None
    stores = {"engine.sqlite", "engine.sqlite-wal", *(["ministack"] if saved_before else [])}
    assert {path.name for path in target.iterdir()} == stores
    assert {path.name for path in tmp_path.iterdir()} == {"carrier.secret", target.name}


def test_a_run_that_shut_down_leaves_nothing_to_move(tmp_path, running):
    running.unlink()
    assert move_stores_aside(tmp_path, running) is None
