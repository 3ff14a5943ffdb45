"""Stop an order that failed, before what it holds is given back.

It comes first among the compensations, so that no late step confirms what is being voided. Safe to run twice. Of an
order that was confirmed after all it says so, and the order goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.domain import placing
from oms.ports import Deps
from tasks.runtime import act, task


@dataclass(frozen=True)
class AbandonOrder:
    order_id: str
    error: str


@task
def handler(command: AbandonOrder, deps: Deps) -> Mapping[str, Any]:
    act(command, deps, lambda order: placing.abandon(order, command.error))
    return {}
