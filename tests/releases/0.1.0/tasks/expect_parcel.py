"""Wait, by the task token, for the parcel of a return and what the warehouse found in it.

Compensated by nothing: a wait holds nothing. Safe to run twice: the token joins those that wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.domain import returns
from oms.ports import Deps
from tasks.runtime import act, task


@dataclass(frozen=True)
class ExpectParcel:
    order_id: str
    return_id: str
    task_token: str


@task
def handler(command: ExpectParcel, deps: Deps) -> Mapping[str, Any]:
    order = act(command, deps, lambda order: returns.expect_parcel(order, command.return_id, command.task_token))
    deps.carrier.announce_return(command.return_id, order.id, order.returns[command.return_id].lines)
    return {}
