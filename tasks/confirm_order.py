"""Confirms the order: the pivot, after which it goes forward or is cancelled, and is never rejected.

Not compensated. Idempotent: a confirmed order stays confirmed. Late: it raises of an order that is abandoned or taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.steps import placement
from oms.ports import Deps
from tasks.runtime import change_order, task


@dataclass(frozen=True)
class ConfirmOrder:
    order_id: str


@task
def confirm_order(command: ConfirmOrder, deps: Deps) -> Mapping[str, Any]:
    change_order(command, deps, placement.confirm_order)
    return {}
