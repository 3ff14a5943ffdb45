"""What a run left behind that was killed outright: ministack keeps its tables only if it can end by itself.

Without them the other books tell of orders that nobody knows any more: an order of the same key would find its
execution begun, and hang.
"""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

BOOKS = ("ministack", "engine.sqlite*", "payments.sqlite*", "carrier.sqlite*", "seeded.json")


def set_aside(folder: Path, running: Path) -> Path | None:
    """Move all books away, if the tables are behind the run that wrote ``running`` and didn't take it away: whither."""
    tables = folder / "ministack" / "dynamodb.json"
    if not running.exists() or (tables.exists() and tables.stat().st_mtime > running.stat().st_mtime):
        return None
    aside = folder / f"killed-{datetime.now():%Y-%m-%d-%H%M%S}"
    aside.mkdir()
    for book in (each for name in BOOKS for each in folder.glob(name)):
        shutil.move(book, aside)
    running.unlink()
    return aside
