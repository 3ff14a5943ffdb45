"""Hold the order for one cancellation: from here on nothing else moves it.

Compensated by ``give_back_order``. Safe to run twice: one cancellation takes an order once. Its answer says what
becomes of the money, and whether the carrier has to be asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.domain import cancelling
from oms.domain.events import Units
from oms.ports import Deps
from tasks.runtime import act, task


@dataclass(frozen=True)
class TakeOrder:
    order_id: str
    cancellation_id: str
    lines: list[dict[str, Any]]
    reason: str
    request_id: str = ""
    by: str = ""
    """Who asked for it; empty where no person did."""


@task
def handler(command: TakeOrder, deps: Deps) -> Mapping[str, Any]:
    lines = [Units(**line) for line in command.lines]
    asked = command.cancellation_id, lines, command.reason, command.request_id
    order = act(command, deps, lambda order: cancelling.take(order, *asked), command.by)
    return {"settlement": cancelling.settlement(order, command.cancellation_id)}
