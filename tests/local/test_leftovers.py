"""What is left of a run goes on, or is set aside where its tables are behind its other books."""

import os

import pytest

from local.stack.crash_recovery import set_aside

BEGUN = 1_000_000


@pytest.fixture
def running(tmp_path):
    """Left by a run that didn't end as it should, with its engine's books."""
    (tmp_path / "engine.sqlite").write_text("executions")
    (tmp_path / "engine.sqlite-wal").write_text("more of them")
    (tmp_path / "carrier.secret").write_text("hush")
    return written(tmp_path / "running.json", BEGUN)


def written(path, at):
    path.parent.mkdir(exist_ok=True)
    path.write_text("{}")
    os.utime(path, (at, at))
    return path


def test_tables_that_could_be_saved_go_on(tmp_path, running):
    written(tmp_path / "ministack" / "dynamodb.json", BEGUN + 60)
    assert set_aside(tmp_path, running) is None
    assert (tmp_path / "engine.sqlite").read_text() == "executions"


@pytest.mark.parametrize("saved_before", [True, False])
def test_books_without_their_tables_are_moved_together(tmp_path, running, saved_before):
    if saved_before:
        written(tmp_path / "ministack" / "dynamodb.json", BEGUN - 60)

    aside = set_aside(tmp_path, running)

    assert aside is not None
    books = {"engine.sqlite", "engine.sqlite-wal", *(["ministack"] if saved_before else [])}
    assert {path.name for path in aside.iterdir()} == books
    assert {path.name for path in tmp_path.iterdir()} == {"carrier.secret", aside.name}


def test_a_run_that_ended_as_it_should_left_nothing_to_set_aside(tmp_path, running):
    running.unlink()
    assert set_aside(tmp_path, running) is None
