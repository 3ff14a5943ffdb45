"""Closes a return: refunded and restocked, never sent, or refused. Idempotent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.steps import returns
from oms.ports import Deps
from tasks.runtime import change_order, task


@dataclass(frozen=True)
class CloseReturn:
    order_id: str
    return_id: str


@task
def close_return(command: CloseReturn, deps: Deps) -> Mapping[str, Any]:
    order = change_order(command, deps, lambda order: returns.close_return(order, command.return_id))
    return {"outcome": order.returns[command.return_id].outcome}
