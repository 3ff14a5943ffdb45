"""Record that the carrier lost the goods: what was paid is due back. Safe to run twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.domain import shipping
from oms.ports import Deps
from tasks.runtime import act, task


@dataclass(frozen=True)
class MarkLost:
    order_id: str


@task
def handler(command: MarkLost, deps: Deps) -> Mapping[str, Any]:
    act(command, deps, shipping.lose)
    return {}
