"""A secret is random, private, complete, and never too short to sign with."""

import os
import re

import pytest

from local import atomic_write
from local.atomic_write import write_atomically
from local.sandboxes.callbacks import webhook_secret
from local.stack.processes import StackFailed
from local.stack.secret_files import read_or_create_secret
from local.stack.settings import SECRETS, StackSettings
from local.stack.state_folder import stack_environment


def mode(file):
    return file.stat().st_mode & 0o777


def test_a_missing_secret_is_created_and_kept(tmp_path):
    file = tmp_path / "new" / "guest.secret"
    secret = read_or_create_secret(file)
    assert re.fullmatch("[0-9a-f]{64}", secret)
    assert read_or_create_secret(file) == secret
    assert mode(file) == 0o600


def test_the_secrets_are_independent(tmp_path):
    environment = stack_environment(StackSettings.from_environ({"LOCAL_FOLDER": str(tmp_path)}))
    secrets = [environment[variable] for variable in SECRETS.values()]
    assert len(set(secrets)) == 3
    assert not any(one in other for one in secrets for other in secrets if one is not other)
    assert {file.name for file in tmp_path.iterdir()} == {"payments.secret", "carrier.secret", "guest.secret"}


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("content", [b"", b"\n", b"short", b" " * 40, b"\xff" * 40], ids=str)
def test_a_file_without_a_usable_secret_prevents_the_start(tmp_path, name, content):
    file = tmp_path / f"{name}.secret"
    file.write_bytes(content)
    with pytest.raises(StackFailed) as failure:
        stack_environment(StackSettings.from_environ({"LOCAL_FOLDER": str(tmp_path)}))
    message = str(failure.value)
    assert message.startswith(f"{file} holds no secret of 16 characters or more: delete it")
    assert "\n" not in message
    assert file.read_bytes() == content


def test_a_file_that_can_t_be_read_prevents_the_start(tmp_path):
    (tmp_path / "guest.secret").mkdir()
    with pytest.raises(StackFailed, match=r"guest\.secret: Is a directory"):
        read_or_create_secret(tmp_path / "guest.secret")


@pytest.mark.parametrize("environ", [{}, {"CARRIER_SECRET": ""}, {"CARRIER_SECRET": "short"}], ids=str)
def test_a_sandbox_does_not_start_without_a_usable_secret(environ):
    with pytest.raises(SystemExit, match="CARRIER_SECRET"):
        webhook_secret("CARRIER_SECRET", environ)


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    file = tmp_path / "guest.secret"
    write_atomically(file, "before")

    def fail(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic_write.os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(file, "after")
    assert [each.name for each in tmp_path.iterdir()] == ["guest.secret"]
    assert file.read_text() == "before"


def test_a_written_file_is_private_whatever_the_umask(tmp_path):
    umask = os.umask(0)
    try:
        write_atomically(tmp_path / "guest.secret", "secret")
    finally:
        os.umask(umask)
    assert mode(tmp_path / "guest.secret") == 0o600
