"""The folder that keeps the stack's state: one stack at a time uses it, and a running one is recorded there."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from local.atomic_write import write_atomically
from local.aws.ministack_patches.version import version_problem
from local.aws.resources import UserPool
from local.stack.crash_recovery import SAVED_TABLES, STORES, move_stores_aside
from local.stack.ports import is_free
from local.stack.process_setup import PRIVATE_UMASK
from local.stack.processes import StackFailed
from local.stack.secret_files import read_or_create_secret
from local.stack.settings import SECRETS, StackSettings

LEAST_FREE_BYTES = 1 << 20
MOVED = "{}: all stores were moved to {}"
OWN_FILES = (*STORES, "cognito", "search", "logs", "killed-*", "*.secret", "running.json", "lock")
"""What the stack writes. The folder can hold other files too, such as programs."""


@contextmanager
def exclusive_stack(settings: StackSettings, print_step: Callable[[str], None]) -> Iterator[None]:
    """Hold the folder and check what a start needs.

    Raises ``StackFailed`` if a port is taken, another stack holds the folder, the folder can't be written, or the
    installed ministack isn't the tested one.
    """
    if problem := version_problem():
        raise StackFailed(problem)
    check_ports(settings)
    with hold_folder(settings.folder):
        if not settings.has_external_tables and (moved := move_stores_aside(settings.folder, running_file(settings))):
            print_step(MOVED.format(", ".join(moved.problems), moved.folder))
        yield


@contextmanager
def hold_folder(folder: Path) -> Iterator[None]:
    """Create the folder, lock it, and make what is in it private. Raises ``StackFailed``."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StackFailed(f"{folder} can't be created: {os.strerror(error.errno or 0)}") from None
    if folder.stat().st_mode & stat.S_ISVTX:
        raise StackFailed(f"{folder} is shared with others: choose another with LOCAL_FOLDER=…")
    if shutil.disk_usage(folder).free < LEAST_FREE_BYTES:
        raise StackFailed(f"the disk of {folder} is full")
    try:
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            make_private(folder)
            yield
    except BlockingIOError:
        raise StackFailed(f"another stack keeps its state in {folder}") from None


def make_private(folder: Path) -> None:
    """Withdraw all others' permissions from the folder and the stack's own files, which earlier versions granted."""
    own = [file for name in OWN_FILES for file in folder.glob(name)]
    within = [file for each in own if each.is_dir() for file in each.rglob("*")]
    for file in (folder, *own, *within):
        mode = stat.S_IMODE(file.lstat().st_mode)
        if mode & PRIVATE_UMASK and not file.is_symlink():
            file.chmod(mode & ~PRIVATE_UMASK)


def check_ports(settings: StackSettings) -> None:
    """Raises ``StackFailed`` if a port is taken, or assigned twice."""
    names: dict[int, str] = {}
    for name, (port, variable) in settings.ports.items():
        if port in names:
            raise StackFailed(f"port {port} ({name}) is the {names[port]}'s too: choose another with {variable}=…")
        if not is_free(port):
            raise StackFailed(f"port {port} ({name}) is taken: choose another with {variable}=…")
        names[port] = name


def stack_environment(settings: StackSettings) -> dict[str, str]:
    """The variables of the stack's processes, with the secrets that the folder keeps. Raises ``StackFailed``."""
    files = {variable: settings.folder / f"{name}.secret" for name, variable in SECRETS.items()}
    return settings.process_variables({variable: read_or_create_secret(file) for variable, file in files.items()})


def running_file(settings: StackSettings) -> Path:
    return settings.folder / "running.json"


def write_running(
    settings: StackSettings, pids: Mapping[str, int], pool: Mapping[str, str], saved_tables: Sequence[int] | None
) -> None:
    """Record the processes, ports and user pool of the running stack, and the tables' version that it began with."""
    ports = {name: port for name, (port, _) in settings.ports.items()}
    facts = {"pids": pids, "ports": ports, "pool": pool, SAVED_TABLES: saved_tables}
    write_atomically(running_file(settings), json.dumps(facts, indent=2))


def running_pool(settings: StackSettings) -> UserPool | None:
    """The user pool of the stack that runs on this folder, or None if none runs."""
    file = running_file(settings)
    if not file.exists() or is_free(settings.port):
        return None
    return UserPool(**json.loads(file.read_text())["pool"])
