"""Time, virtual or real, in seconds since 1970. An engine reads no other clock."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

EPOCH = 1_767_225_600.0
"""Where virtual time begins by default: 2026-01-01T00:00:00Z."""
SKEW_SECONDS = 5
"""A change of the machine's clock by less is no skew: it is corrected by parts of a second all the time."""


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


def elapsed() -> float:
    """Seconds since some moment, whatever the machine's clock is set to. On Linux they go on while it is suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if sys.platform == "linux" else time.monotonic()


class RealClock:
    """The machine's clock when this one was made, and the seconds elapsed since: setting the former moves no timer.

    ``offset`` is in seconds, and moves it ahead.
    """

    virtual = False

    def __init__(self, wall: Callable[[], float] = time.time, elapsed: Callable[[], float] = elapsed) -> None:
        self.offset = 0.0
        self._wall, self._elapsed = wall, elapsed
        self._start = wall() - elapsed()
        self._ahead = 0.0
        self._reported_skew = 0.0

    def now(self) -> float:
        return self._start + self._elapsed() + self._ahead + self.offset

    def continue_from(self, moment: float) -> float:
        """Continue from a moment that isn't past yet. Returns how many seconds it is ahead, 0 if it is past."""
        ahead = max(0.0, moment - self.now())
        self._ahead += ahead
        return ahead

    def new_skew(self) -> float | None:
        """By how many seconds the machine's clock is ahead of the time elapsed since the start, or behind if negative.

        None if it is as at the last call.
        """
        skew = self._wall() - self._elapsed() - self._start
        if abs(skew - self._reported_skew) < SKEW_SECONDS:
            return None
        self._reported_skew = skew
        return skew


@lru_cache(maxsize=64)
def moment(seconds: float) -> datetime:
    """The UTC datetime, cut to milliseconds as AWS has it."""
    return datetime.fromtimestamp(round(seconds * 1000) / 1000, UTC)


def iso(seconds: float) -> str:
    """``2026-01-01T00:00:00.000Z``, as the context object has it."""
    return moment(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")
