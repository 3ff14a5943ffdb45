"""Ask whether the parcel of a return has come, before it is given up: the carrier's word of it may have been lost.

Compensated by nothing: it changes nothing. Safe to run twice, or late: a parcel that has come stays so, and one that
comes after all parks its order when the carrier says so.
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
def handler(command: FindParcel, deps: Deps) -> Mapping[str, Any]:
    conditions = deps.carrier.find_parcel(command.return_id)
    return {"has_come": conditions is not None, "units": dict(conditions or {})}
