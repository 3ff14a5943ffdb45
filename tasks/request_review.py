"""Requests a review of the order, which an operator answers by the task token before the deadline.

Not compensated: a request holds nothing. Idempotent: the token joins those that wait, and a decision that was made
meanwhile answers at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.steps import placement
from oms.domain.change import Change
from oms.domain.order import Order
from oms.ports import Deps
from tasks.runtime import change_order, task


@dataclass(frozen=True)
class RequestReview:
    order_id: str
    task_token: str
    deadline_seconds: int


@task
def request_review(command: RequestReview, deps: Deps) -> Mapping[str, Any]:
    def decide(current: Order) -> Change:
        return placement.request_review(current, command.task_token, command.deadline_seconds, deps.clock.now())

    if change_order(command, deps, decide).is_approved:
        deps.executions.succeed(command.task_token, {})
    return {}
