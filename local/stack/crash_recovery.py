"""Recovery from a run that was killed: ministack saves its tables only when it shuts down by itself.

Without the tables, the other stores refer to orders that no longer exist: a new order under the same key would find
its execution already started, and wait for ever. All stores are therefore moved away together.
"""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

STORES = ("ministack", "engine.sqlite*", "payments.sqlite*", "carrier.sqlite*", "seeded.json")


def move_stores_aside(folder: Path, running: Path) -> Path | None:
    """Move all stores to a new folder if the tables are older than the run that left ``running`` behind.

    Returns the new folder, or None if nothing had to move.
    """
    tables = folder / "ministack" / "dynamodb.json"
    if not running.exists() or (tables.exists() and tables.stat().st_mtime > running.stat().st_mtime):
        return None
    target = folder / f"killed-{datetime.now():%Y-%m-%d-%H%M%S}"
    target.mkdir()
    for store in (path for name in STORES for path in folder.glob(name)):
        shutil.move(store, target)
    running.unlink()
    return target
