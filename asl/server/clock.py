"""Real time that can be moved ahead, and that stands still at a timer's own moment while the timer is handled."""

from __future__ import annotations

from asl.engine.clock import RealClock


class ServerClock(RealClock):
    """The machine's clock, with an offset; `pinned` while what was due at a moment happens, so that it happens then."""

    def __init__(self, offset: float = 0.0) -> None:
        super().__init__()
        self.offset = offset
        self.pinned: float | None = None

    def now(self) -> float:
        return super().now() if self.pinned is None else self.pinned

    def real(self) -> float:
        """Now, whatever is pinned."""
        return super().now()
