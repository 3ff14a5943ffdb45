"""The folder that keeps the stack's state: one stack at a time uses it, and a running one leaves its facts there."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from local.aws.ministack_patches.version import version_problem
from local.aws.resources import UserPool
from local.stack.crash_recovery import move_stores_aside
from local.stack.ports import is_free
from local.stack.processes import StackFailed
from local.stack.settings import StackSettings

KILLED = "the last run was killed, and its tables are lost: all its stores were moved to {}"


@contextmanager
def exclusive_stack(settings: StackSettings, print_step: Callable[[str], None]) -> Iterator[None]:
    """Hold the folder and check what a start needs.

    Raises ``StackFailed`` if a port is taken, another stack holds the folder, the folder can't be created, or the
    installed ministack isn't the tested one.
    """
    if problem := version_problem():
        raise StackFailed(problem)
    check_ports(settings)
    try:
        settings.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StackFailed(f"{settings.folder} can't be created: {os.strerror(error.errno or 0)}") from None
    with (settings.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackFailed(f"another stack keeps its state in {settings.folder}") from None
        if not settings.has_external_tables and (target := move_stores_aside(settings.folder, running_file(settings))):
            print_step(KILLED.format(target))
        yield


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
    """The variables of the stack's processes, with the secrets that the folder keeps."""
    carrier, guests = (_secret(settings.folder / f"{name}.secret") for name in ("carrier", "guest"))
    return settings.process_variables(carrier, guests)


def _secret(file: Path) -> str:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(secrets.token_hex(16))
    return file.read_text()


def running_file(settings: StackSettings) -> Path:
    return settings.folder / "running.json"


def write_running(settings: StackSettings, pids: Mapping[str, int], pool: Mapping[str, str]) -> None:
    """Record the processes, ports and user pool of the running stack."""
    ports = {name: port for name, (port, _) in settings.ports.items()}
    running_file(settings).write_text(json.dumps({"pids": pids, "ports": ports, "pool": pool}, indent=2))


def running_pool(settings: StackSettings) -> UserPool | None:
    """The user pool of the stack that runs on this folder, or None if none runs."""
    file = running_file(settings)
    if not file.exists() or is_free(settings.port):
        return None
    return UserPool(**json.loads(file.read_text())["pool"])
