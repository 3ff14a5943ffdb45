"""Authorizes a return (RMA): the shopper may send the goods back.

Compensated by ``close_return``. Idempotent: one return id admits one authorization.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.steps import returns
from oms.domain.change import Change
from oms.domain.credit import RefundTo
from oms.domain.order import Order
from oms.ports import Deps
from tasks.runtime import change_order, task


@dataclass(frozen=True)
class AuthorizeReturn:
    order_id: str
    return_id: str
    lines: list[dict[str, Any]]
    reason: str
    deadline_seconds: int
    refund_to: str = RefundTo.ORIGINAL_PAYMENT
    request_id: str = ""
    by: str = ""
    """Who made the request."""


@task
def authorize_return(command: AuthorizeReturn, deps: Deps) -> Mapping[str, Any]:
    def decide(order: Order) -> Change:
        return returns.authorize_return(
            order,
            command.return_id,
            command.lines,
            command.reason,
            command.deadline_seconds,
            deps.clock.now(),
            command.refund_to,
            command.request_id,
        )

    change_order(command, deps, decide, command.by)
    return {}
