"""Record that the goods have arrived: from here on they can be returned. Safe to run twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.domain import shipping
from oms.ports import Deps
from tasks.runtime import act, task


@dataclass(frozen=True)
class MarkDelivered:
    order_id: str


@task
def handler(command: MarkDelivered, deps: Deps) -> Mapping[str, Any]:
    act(command, deps, shipping.deliver)
    return {}
