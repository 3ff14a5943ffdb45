"""A box office whose second half takes the whole process down, as a system does where memory is short."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from dataclasses import replace

from asl.explorer import Injector, Scenario, World
from tests.asl.explorer import seats


def scenarios() -> Iterator[Scenario]:
    yield seats.good()
    yield replace(seats.good(), name="deadly", world=deadly)


def deadly(injector: Injector) -> World:
    if multiprocessing.parent_process() is not None:
        os.kill(os.getpid(), signal.SIGKILL)
    return seats.good().world(injector)
