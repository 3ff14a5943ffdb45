"""Stops an order that failed, before what it holds is given back.

The first compensation, so that no late step confirms what is being voided. Idempotent: an order is abandoned once. Of
an order that was confirmed meanwhile it raises ``AlreadyConfirmed``, and the order goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.steps import placement
from oms.ports import Deps
from tasks.runtime import change_order, task


@dataclass(frozen=True)
class AbandonOrder:
    order_id: str
    error: str


@task
def abandon_order(command: AbandonOrder, deps: Deps) -> Mapping[str, Any]:
    change_order(command, deps, lambda order: placement.abandon_order(order, command.error))
    return {}
