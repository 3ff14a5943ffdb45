"""Recovery of the stores after a run that couldn't save its tables: it was killed, or the disk was full.

ministack saves its tables only when it shuts down. Without them the other stores refer to orders that no longer exist:
a new order under the same key would find its execution already started, and wait for ever. All stores are therefore
moved away together.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

from local.stack.store_checks import TABLES, USERS, json_problem, store_problems

STORES = ("ministack", "engine.sqlite*", "payments.sqlite*", "carrier.sqlite*", "seeded.json")
SAVED_TABLES = "saved_tables"
"""The member of ``running.json`` that names the version of the tables which the run began with."""


@dataclass(frozen=True)
class MovedStores:
    """``problems`` are the reasons, each with the name of a file."""

    folder: Path
    problems: list[str]


def file_version(file: Path) -> list[int] | None:
    """Tells one saved version of a file from the next, whatever the machine's clock is set to. None without a file."""
    if not file.exists():
        return None
    status = file.stat()
    return [status.st_ino, status.st_mtime_ns, status.st_size]


def move_stores_aside(folder: Path, running: Path) -> MovedStores | None:
    """Move all stores to a new folder if they don't belong together.

    They don't if the run that left ``running`` behind saved no tables, or a store is missing, damaged or too old.
    """
    unsaved = unsaved_tables(folder, running)
    problems = [*unsaved, *(each for each in store_problems(folder) if not unsaved or not each.startswith(TABLES))]
    if not problems:
        return None
    target = _new_folder(folder)
    are_users_lost = any(problem.startswith(USERS) for problem in problems)
    for name in (*STORES, *(["cognito"] if are_users_lost else [])):
        for store in folder.glob(name):
            shutil.move(store, target)
    running.unlink(missing_ok=True)
    return MovedStores(target, problems)


def unsaved_tables(folder: Path, running: Path) -> list[str]:
    """A phrase if the run that left ``running`` behind saved no tables."""
    if not running.exists():
        return []
    try:
        before = json.loads(running.read_text())[SAVED_TABLES]
    except (ValueError, KeyError, TypeError):  # cut off, or of a version that named no tables
        before = file_version(folder / TABLES)
    return [f"{TABLES} was not saved by the last run"] if file_version(folder / TABLES) == before else []


def save_problem(folder: Path, before: list[int] | None) -> str | None:
    """Why the tables aren't saved after a shutdown, ``before`` being the version of their file when it began."""
    if file_version(folder / TABLES) == before:
        return f"{TABLES} could not be saved"
    problem = json_problem(folder / TABLES)
    return f"{TABLES} {problem}" if problem else None


def _new_folder(folder: Path) -> Path:
    name = f"killed-{datetime.now():%Y-%m-%d-%H%M%S}"
    for number in count(1):
        target = folder / (name if number == 1 else f"{name}-{number}")
        if not target.exists():
            target.mkdir()
            return target
    raise AssertionError("unreachable")
