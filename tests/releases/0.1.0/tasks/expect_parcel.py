"""Waits, with the task token, for the parcel of a return and the warehouse's inspection of it.

Not compensated: a wait holds nothing. Idempotent: the token joins those that wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.steps import returns
from oms.domain.change import Change
from oms.domain.order import Order
from oms.ports import Deps
from tasks.runtime import change_order, task


@dataclass(frozen=True)
class ExpectParcel:
    order_id: str
    return_id: str
    task_token: str


@task
def expect_parcel(command: ExpectParcel, deps: Deps) -> Mapping[str, Any]:
    def decide(order: Order) -> Change:
        return returns.expect_parcel(order, command.return_id, command.task_token)

    order = change_order(command, deps, decide)
    deps.carrier.announce_return(command.return_id, order.id, order.returns[command.return_id].lines)
    return {}
