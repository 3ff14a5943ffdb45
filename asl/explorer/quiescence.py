"""Quiescence: running an engine until nothing is left to happen, with limits on steps and on computing time."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from asl.engine.engine import Engine

MAX_STEPS = 20_000
"""More than any correct run takes."""
TOO_BUSY = f"it is still busy after {MAX_STEPS:,} steps"
MAX_CPU_SECONDS = 30.0
"""More than any correct run takes: the median is under a second, and `MAX_STEPS` steps take a few seconds."""


class EndlessRun(BaseException):
    """A run has exceeded its computing time. It isn't an Exception, so that no task catches it."""


def run_until_quiescent(engine: Engine) -> Iterator[str]:
    """Run the engine until nothing is left to happen. Yields a problem if it takes too many steps."""
    for _ in range(MAX_STEPS):
        if engine.step() is None:
            return
    yield TOO_BUSY


@contextmanager
def cpu_time_limit(seconds: float) -> Iterator[None]:
    """Raises EndlessRun, which names the current function, after this computing time.

    It works by a signal, which only the main thread receives. In any other thread there is no limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        where = f" in {frame.f_code.co_name} ({frame.f_code.co_filename}:{frame.f_lineno})" if frame else ""
        raise EndlessRun(f"it has computed for {seconds:g} s, and still does{where}")

    previous_handler = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous_handler)
