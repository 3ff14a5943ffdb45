"""Confirm the order: the pivot, after which it goes forward or is cancelled, and is never rejected.

Compensated by nothing. Safe to run twice: a confirmed order stays so. Late: an abandoned or taken order refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.domain import placing
from oms.ports import Deps
from tasks.runtime import act, task


@dataclass(frozen=True)
class ConfirmOrder:
    order_id: str


@task
def handler(command: ConfirmOrder, deps: Deps) -> Mapping[str, Any]:
    act(command, deps, placing.confirm)
    return {}
