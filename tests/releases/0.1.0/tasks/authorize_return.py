"""Promise to take goods back (an RMA), if the shopper has them.

Compensated by ``close_return``. Safe to run twice: one return id, one promise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from oms.domain import returns
from oms.domain.credit import RefundTo
from oms.domain.events import Units
from oms.ports import Deps
from tasks.runtime import act, task


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
    """Who asked for it."""


@task
def handler(command: AuthorizeReturn, deps: Deps) -> Mapping[str, Any]:
    lines = [Units(**line) for line in command.lines]
    deadline = deps.clock.now() + timedelta(seconds=command.deadline_seconds)
    asked = command.return_id, lines, command.reason, deadline, RefundTo(command.refund_to), command.request_id
    act(command, deps, lambda order: returns.authorize(order, *asked), command.by)
    return {}
