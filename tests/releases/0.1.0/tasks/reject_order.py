"""Rejects an order, with the reason that the shopper sees.

It refuses if the order's record says that it still holds stock or money. A defect is no reason: the order is parked
instead, until an operator lets it go on. Idempotent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.steps import placement
from oms.ports import Deps
from tasks.runtime import change_order, task


@dataclass(frozen=True)
class RejectOrder:
    order_id: str
    error: str


@task
def reject_order(command: RejectOrder, deps: Deps) -> Mapping[str, Any]:
    after = change_order(command, deps, lambda order: placement.reject_order(order, command.error))
    return {"reason": after.reason}
