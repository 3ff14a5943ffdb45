"""Put the order before an operator and fail the execution, so that it alarms and can be redriven.

Run again by a redrive it lets the execution go on, and says which way. Safe to run twice: one visit parks
once, and resumes once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.domain import parking
from oms.domain.parking import Visit
from oms.ports import Deps
from tasks.runtime import act, task


@dataclass(frozen=True)
class ParkOrder:
    order_id: str
    execution: str
    entered: str
    run: dict[str, Any]
    """The execution as the context object has it."""
    error: str
    cause: str
    cancellation_id: str = ""


@task
def handler(command: ParkOrder, deps: Deps) -> Mapping[str, Any]:
    run = command.run
    visit = Visit(command.execution, command.entered, run.get("RedriveCount", 0), run.get("RedriveTime", ""))
    order = act(command, deps, lambda order: parking.park(order, visit, command.error, command.cause))
    if not parking.is_resumed(order, visit):
        parking.raise_parked(order, visit.execution)
    return {"resume": parking.direction(order, command.cancellation_id)}
