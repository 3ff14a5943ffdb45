"""The stack's folder: it and all files in it are private, and a folder that can't be used is one line."""

import os
import subprocess
import sys
from collections import namedtuple

import pytest

from local.stack import state_folder
from local.stack.processes import StackFailed, error_line
from local.stack.state_folder import hold_folder, make_private
from tests.local.shop_process import ROOT, environ_for

DiskUsage = namedtuple("DiskUsage", "total used free")


def open_permissions(folder):
    """What others may read or write, by its path in the folder."""
    return {
        str(path.relative_to(folder)): oct(path.lstat().st_mode & 0o777)
        for path in (folder, *folder.rglob("*"))
        if path.lstat().st_mode & 0o077 and not path.is_symlink()
    }


def test_what_an_earlier_version_left_becomes_private(tmp_path):
    for name in (
        *("ministack/dynamodb.json", "cognito/cognito.json", "engine.sqlite", "engine.sqlite-wal", "engine.sqlite-shm"),
        *("logs/gateway.log", "logs/gateway.log.1", "search/meta.json", "guest.secret", "running.json", "seeded.json"),
        "killed-2026-01-01-000000/engine.sqlite",
    ):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(name)
        file.chmod(0o644)
        file.parent.chmod(0o755)
    with hold_folder(tmp_path):
        assert open_permissions(tmp_path) == {}
    assert (tmp_path / "guest.secret").read_text() == "guest.secret"


def test_programs_in_the_folder_stay_executable_and_links_are_not_followed(tmp_path):
    folder, outside = tmp_path / "shop", tmp_path / "outside"
    program = folder / "npm" / "program"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    outside.touch()
    outside.chmod(0o644)
    (folder / "logs").symlink_to(outside)
    make_private(folder)
    assert os.access(program, os.X_OK)
    assert outside.stat().st_mode & 0o777 == 0o644


def test_a_folder_that_all_users_share_is_refused(tmp_path):
    tmp_path.chmod(0o1777)
    refused = pytest.raises(StackFailed, match="is shared with others: choose another with LOCAL_FOLDER")
    with refused, hold_folder(tmp_path):
        pass
    assert tmp_path.stat().st_mode & 0o7777 == 0o1777


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(state_folder.shutil, "disk_usage", lambda _: DiskUsage(1 << 30, 1 << 30, 4096))
    refused = pytest.raises(StackFailed, match=f"^the disk of {tmp_path} is full$")
    with refused, hold_folder(tmp_path):
        pass


@pytest.mark.parametrize("file", ["lock", "engine.sqlite"])
def test_a_file_that_can_t_be_changed_is_named_in_one_line(tmp_path, monkeypatch, file):
    (tmp_path / "engine.sqlite").touch()
    (tmp_path / "engine.sqlite").chmod(0o644)
    error = OSError(30, "Read-only file system", str(tmp_path / file))

    def fail(path, *_, **__):
        raise error

    monkeypatch.setattr(state_folder.Path, "open" if file == "lock" else "chmod", fail)
    with pytest.raises(OSError, match="Read-only") as failure, hold_folder(tmp_path):
        pass
    assert error_line(failure.value) == f"{tmp_path / file}: Read-only file system"


@pytest.mark.parametrize("folder", ["", "new"])
def test_a_read_only_folder_is_one_line(tmp_path, folder):
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    if os.geteuid() or subprocess.run(["mount", "--bind", mounted, mounted], capture_output=True).returncode:
        pytest.skip("only root can mount")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", mounted], check=True)
        environ = environ_for(mounted / folder)
        run = subprocess.run([sys.executable, "-m", "local"], cwd=ROOT, env=environ, capture_output=True, text=True)
    finally:
        subprocess.run(["umount", mounted], check=True)
    place = f"{mounted / 'lock'}:" if not folder else f"{mounted / folder} can't be created:"
    assert run.stdout + run.stderr == f"make run: {place} Read-only file system\n"
