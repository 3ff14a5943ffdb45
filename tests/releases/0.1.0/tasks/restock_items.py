"""Puts the units that can be sold again back into stock. Idempotent: a return restocks each unit once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.steps import returns
from oms.ports import Deps
from tasks.runtime import task


@dataclass(frozen=True)
class RestockItems:
    order_id: str
    return_id: str


@task
def restock_items(command: RestockItems, deps: Deps) -> Mapping[str, Any]:
    returns.restock_all_parts(deps, command.order_id, RestockItems.__name__, command.return_id)
    return {}
