"""Real time with an offset that tests can increase."""

from __future__ import annotations

from collections.abc import Callable

from asl.engine.clock import RealClock


class ServerClock(RealClock):
    """The system clock plus an offset.

    While a timer is handled, `pinned` holds the time at which it was due, and `now` returns that time.
    """

    def __init__(self, offset: float = 0.0, **parts: Callable[[], float]) -> None:
        super().__init__(**parts)
        self.offset = offset
        self.pinned: float | None = None

    def now(self) -> float:
        return super().now() if self.pinned is None else self.pinned

    def real(self) -> float:
        """The current time, even while a time is pinned."""
        return super().now()
