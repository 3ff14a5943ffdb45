"""Checks of the stores before they are opened: nothing is missing, nothing is damaged, and they belong together.

A full disk, a killed process or a restored backup can leave one store older than the others. Orders would then wait
for ever for what another store has forgotten.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import orjson

from local.aws.names import machine_arn

TABLES, USERS, SEEDED = "ministack/dynamodb.json", "cognito/cognito.json", "seeded.json"
JSON_FILES = ("ministack/*.json", "cognito/*.json", SEEDED)
DATABASES = ("engine.sqlite", "payments.sqlite", "carrier.sqlite")
NEWEST_ORDERS = 5
"""How many are looked up in the tables. Those that lack any lack the newest."""


def store_problems(folder: Path) -> list[str]:
    """A phrase for each problem of the stores, each with the file's name."""
    files = [file for name in JSON_FILES for file in sorted(folder.glob(name))]
    problems = [f"{file.relative_to(folder)} {problem}" for file in files if (problem := json_problem(file))]
    problems += [f"{name} {problem}" for name in DATABASES if (problem := sqlite_problem(folder / name))]
    if problems:
        return problems
    return list(_missing_files(folder)) or list(_unknown_orders(folder))


def json_problem(file: Path) -> str | None:
    try:
        content = file.read_bytes()
    except OSError as error:
        return f"can't be read ({os.strerror(error.errno or 0)})"
    try:
        orjson.loads(content)
    except ValueError:
        return _problem_of_json(content)
    return None


def _problem_of_json(content: bytes) -> str | None:
    """By Python's own parser, which wrote it: it takes more than JSON has, such as NaN."""
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return "is truncated or damaged" if content else "is empty"
    return None


def sqlite_problem(file: Path) -> str | None:
    """None for a sound database, and for none at all."""
    if not file.exists():
        return None
    if not os.access(file, os.R_OK | os.W_OK):
        return "can't be read and written"
    try:
        with closing(sqlite3.connect(file)) as database:
            (result,) = database.execute("PRAGMA quick_check(1)").fetchone()
            (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        return f"can't be opened ({error})"
    except sqlite3.DatabaseError as error:
        return f"is damaged ({error})"
    if result != "ok":
        return f"is damaged ({result})"
    return None if tables else "is empty"


def _missing_files(folder: Path) -> Iterator[str]:
    """The files that a shop had which opened before, or took an order."""
    has_opened = (folder / SEEDED).exists() or _newest_orders(folder)
    for name in (TABLES, USERS, SEEDED, *DATABASES) if has_opened else ():
        if not (folder / name).exists():
            yield f"{name} is missing"


def _unknown_orders(folder: Path) -> Iterator[str]:
    """Orders whose execution exists, while the tables were saved before they were placed."""
    orders = _newest_orders(folder)
    content = (folder / TABLES).read_bytes() if orders else b""
    unknown = [order_id for order_id in orders if order_id.encode() not in content]
    if unknown:
        yield f"{TABLES} is older than the other stores, and lacks {unknown[-1]}"


def _newest_orders(folder: Path) -> list[str]:
    """Ids of orders that the engine has executions of, newest first. Executions started by hand have other names."""
    if not (folder / DATABASES[0]).exists():
        return []
    query = "SELECT name FROM execution WHERE machine_arn = ? AND name GLOB 'ord_*' ORDER BY started DESC LIMIT ?"
    with closing(sqlite3.connect(folder / DATABASES[0])) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'execution'").fetchone():
            return []
        return [order_id for (order_id,) in database.execute(query, (machine_arn("NewOrder"), NEWEST_ORDERS))]
