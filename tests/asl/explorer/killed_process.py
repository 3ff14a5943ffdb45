"""A scenario that kills the process in which it runs, as the system does when memory is short."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from dataclasses import replace

from asl.explorer import FaultInjector, Scenario, World
from tests.asl.explorer import box_office


def scenarios() -> Iterator[Scenario]:
    yield box_office.good()
    yield replace(box_office.good(), name="killed process", world=kill_process)


def kill_process(injector: FaultInjector) -> World:
    if multiprocessing.parent_process() is not None:
        os.kill(os.getpid(), signal.SIGKILL)
    return box_office.good().world(injector)
