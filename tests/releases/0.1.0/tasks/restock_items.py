"""Put the units that can be sold again back on the shelf.

Safe to run twice: a return restocks each unit once. A long one is put back in parts, each a unit of work of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.domain import returns
from oms.ports import Deps
from tasks.runtime import act, task


@dataclass(frozen=True)
class RestockItems:
    order_id: str
    return_id: str


@task
def handler(command: RestockItems, deps: Deps) -> Mapping[str, Any]:
    order = act(command, deps, lambda order: returns.restock(order, command.return_id))
    while order.returns[command.return_id].to_shelve:
        order = act(command, deps, lambda order: returns.restock(order, command.return_id))
    return {}
