"""Logs are kept across restarts, and bounded in number and size."""

import asyncio

from local.stack import log_files
from local.stack.log_files import KEPT, bound_log, rotate_log
from local.stack.processes import ProcessSettings, start_process


def contents(folder):
    return {file.name: file.read_text() for file in folder.iterdir()}


def test_the_logs_of_the_last_runs_are_kept(tmp_path):
    log = tmp_path / "engine.log"
    for run in range(KEPT + 3):
        rotate_log(log)
        log.write_text(f"run {run}")
    kept = {f"engine.log.{number}": f"run {KEPT + 2 - number}" for number in range(1, KEPT + 1)}
    assert contents(tmp_path) == {"engine.log": f"run {KEPT + 2}", **kept}


def test_an_empty_log_takes_no_place_of_another(tmp_path):
    (tmp_path / "engine.log").touch()
    rotate_log(tmp_path / "engine.log")
    rotate_log(tmp_path / "missing.log")
    assert contents(tmp_path) == {"engine.log": ""}


def test_a_large_log_of_a_running_process_is_rotated(tmp_path, monkeypatch):
    monkeypatch.setattr(log_files, "MOST_BYTES", 10)
    log = tmp_path / "gateway.log"
    with log.open("ab", buffering=0) as process:
        process.write(b"0123456789")
        bound_log(log)
        process.write(b"more")
        bound_log(log)
        process.write(b"and more")
        bound_log(log)
        assert contents(tmp_path) == {"gateway.log": "and more", "gateway.log.1": "0123456789more"}


def test_a_large_log_is_emptied_on_a_full_disk_too(tmp_path, monkeypatch):
    monkeypatch.setattr(log_files, "MOST_BYTES", 10)

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(log_files.shutil, "copyfile", fail)
    (tmp_path / "gateway.log").write_text("0123456789more")
    bound_log(tmp_path / "gateway.log")
    assert contents(tmp_path) == {"gateway.log": ""}


def test_a_new_run_does_not_take_the_last_one_s_lines_for_its_own(tmp_path):
    async def start_and_wait(code):
        options = [code]
        settings = ProcessSettings("ready", "tests.local.run_code", options, {"PATH": "/usr/bin:/bin"}, tmp_path)
        process = await start_process(settings)
        await process.process.wait()
        return process

    first = asyncio.run(start_and_wait("print('ready')"))
    assert "ready" in first.exit_message()
    second = asyncio.run(start_and_wait("raise SystemExit(3)"))
    assert second.exit_message() == f"ready ended with status 3: its log is empty (see {tmp_path / 'ready.log'})"
    assert contents(tmp_path) == {"ready.log": "", "ready.log.1": "ready\n"}
