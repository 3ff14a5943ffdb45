"""End a return: refunded and restocked, never sent, or refused. Safe to run twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.domain import returns
from oms.ports import Deps
from tasks.runtime import act, task


@dataclass(frozen=True)
class CloseReturn:
    order_id: str
    return_id: str


@task
def handler(command: CloseReturn, deps: Deps) -> Mapping[str, Any]:
    order = act(command, deps, lambda order: returns.close(order, command.return_id))
    return {"outcome": order.returns[command.return_id].outcome}
