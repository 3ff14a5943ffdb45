"""Logs of the stack's processes: kept across restarts, and bounded in size."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

KEPT = 5
MOST_BYTES = 8 << 20


def rotate_log(log: Path) -> None:
    """Rename ``name.log`` to ``name.log.1``, and so on; the oldest is dropped."""
    if log.exists() and log.stat().st_size:
        _shift_kept_logs(log)
        log.replace(_kept_log(log, 1))


def bound_log(log: Path) -> None:
    """Rotate the log of a running process if it is large. The process writes on to the same file, in append mode."""
    if not log.exists() or log.stat().st_size <= MOST_BYTES:
        return
    _shift_kept_logs(log)
    with suppress(OSError):  # on a full disk, space counts for more than an old log
        shutil.copyfile(log, _kept_log(log, 1))
    os.truncate(log, 0)


def _shift_kept_logs(log: Path) -> None:
    for number in range(KEPT - 1, 0, -1):
        if (rotated := _kept_log(log, number)).exists():
            rotated.replace(_kept_log(log, number + 1))


def _kept_log(log: Path, number: int) -> Path:
    return log.with_name(f"{log.name}.{number}")
