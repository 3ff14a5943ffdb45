"""Let the order go on: the goods had left before the cancellation, or it never took the order, and now can't.

Compensates ``take_order``. Safe to run twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.domain import cancelling
from oms.ports import Deps
from tasks.runtime import act, task


@dataclass(frozen=True)
class GiveBackOrder:
    order_id: str
    cancellation_id: str
    error: str


@task
def handler(command: GiveBackOrder, deps: Deps) -> Mapping[str, Any]:
    act(command, deps, lambda order: cancelling.give_back(order, command.cancellation_id, command.error))
    return {}
