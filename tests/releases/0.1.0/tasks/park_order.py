"""Parks the order for an operator and fails the execution, so that it raises an alarm and can be redriven.

Run again by a redrive it resumes the execution, and returns its direction. Idempotent: a visit parks once, and resumes
once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.domain import parking
from oms.domain.parking import ParkingVisit
from oms.ports import Deps
from tasks.runtime import change_order, task


@dataclass(frozen=True)
class ParkOrder:
    order_id: str
    execution: str
    entered: str
    run: dict[str, Any]
    """The execution, from the context object."""
    error: str
    cause: str
    cancellation_id: str = ""


@task
def park_order(command: ParkOrder, deps: Deps) -> Mapping[str, Any]:
    run = command.run
    visit = ParkingVisit(command.execution, command.entered, run.get("RedriveCount", 0), run.get("RedriveTime", ""))
    order = change_order(command, deps, lambda order: parking.park(order, visit, command.error, command.cause))
    if not parking.is_resumed(order, visit):
        parking.raise_parked(order, visit.execution)
    return {"resume": parking.resume_direction(order, command.cancellation_id)}
