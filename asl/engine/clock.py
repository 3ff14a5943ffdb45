"""Time, virtual or real, in seconds since 1970. An engine reads no other clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

EPOCH = 1_767_225_600.0
"""Where virtual time begins by default: 2026-01-01T00:00:00Z."""


class EngineClock(Protocol):
    """What an engine needs of a clock."""

    virtual: bool

    def now(self) -> float: ...


class VirtualClock:
    """Time that moves only when the engine moves it."""

    virtual = True

    def __init__(self, start: float = EPOCH) -> None:
        self.time = start

    def now(self) -> float:
        return self.time

    def move_to(self, moment: float) -> None:
        """Time never runs backwards: an earlier moment changes nothing."""
        self.time = max(self.time, moment)


class RealClock:
    """The machine's clock, with an offset in seconds that moves it ahead."""

    virtual = False

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> float:
        return time.time() + self.offset


@lru_cache(maxsize=64)
def moment(seconds: float) -> datetime:
    """The UTC datetime, cut to milliseconds as AWS has it."""
    return datetime.fromtimestamp(round(seconds * 1000) / 1000, UTC)


def iso(seconds: float) -> str:
    """``2026-01-01T00:00:00.000Z``, as the context object has it."""
    return moment(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")
