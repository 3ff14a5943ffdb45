"""Coming to rest. What doesn't is cut off and told: a run that turns in a circle, a task that never returns."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asl.engine.engine import Engine

LONGEST = 20_000
"""So many steps no sound run takes."""
TOO_BUSY = f"it is still busy after {LONGEST:,} steps"
PATIENCE_SECONDS = 30.0
"""Of computing, in one run: a run has less than one, and as many steps as may be have a few."""


class Endless(BaseException):
    """Raised into a run that computes for too long. Not an Exception, which a task may take for its dependency's."""


def restless(engine: Engine) -> Iterator[str]:
    """Let all happen that is to happen; a run that doesn't come to rest is cut off."""
    for _ in range(LONGEST):
        if engine.step() is None:
            return
    yield TOO_BUSY


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Raises Endless, which says where it was, in what computes for longer. Signals reach the main thread alone: in any
    other one there is no end to patience."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def enough(number: int, frame: FrameType | None) -> None:
        where = f" in {frame.f_code.co_name} ({frame.f_code.co_filename}:{frame.f_lineno})" if frame else ""
        raise Endless(f"it has computed for {seconds:g} s, and still does{where}")

    before = signal.signal(signal.SIGPROF, enough)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
