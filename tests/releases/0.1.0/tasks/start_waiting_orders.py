"""Starts the orders whose request could not start them: Step Functions failed. Runs on a schedule.

Not compensated: it gives an order the execution that it should have. Idempotent: one order, one execution's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application import start_sweeper
from oms.ports import Deps
from tasks.runtime import task


@dataclass(frozen=True)
class StartWaitingOrders:
    """The scheduler's event tells nothing that is needed."""


@task
def start_waiting_orders(command: StartWaitingOrders, deps: Deps) -> Mapping[str, Any]:
    return {"started": start_sweeper.start_waiting_orders(deps)}
