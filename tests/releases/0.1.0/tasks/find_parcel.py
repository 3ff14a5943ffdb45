"""Asks the carrier whether the parcel of a return has come, before the return is closed: its event may be lost.

Not compensated: it changes nothing. Idempotent. Late: a parcel that comes afterwards parks its order, by the carrier's
event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.ports import Deps
from tasks.runtime import task


@dataclass(frozen=True)
class FindParcel:
    order_id: str
    return_id: str


@task
def find_parcel(command: FindParcel, deps: Deps) -> Mapping[str, Any]:
    conditions = deps.carrier.find_parcel(command.return_id)
    return {"has_come": conditions is not None, "units": dict(conditions or {})}
