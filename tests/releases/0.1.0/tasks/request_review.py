"""Put the order before a person, who answers by the task token before the deadline.

Compensated by nothing: a request holds nothing. Safe to run twice: the token joins those that wait, and a decision
that came meanwhile answers at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from oms.domain import placing
from oms.ports import Deps
from tasks.runtime import act, task


@dataclass(frozen=True)
class RequestReview:
    order_id: str
    task_token: str
    deadline_seconds: int


@task
def handler(command: RequestReview, deps: Deps) -> Mapping[str, Any]:
    deadline = deps.clock.now() + timedelta(seconds=command.deadline_seconds)
    order = act(command, deps, lambda order: placing.request_review(order, deadline, command.task_token))
    if order.is_approved:
        deps.executions.succeed(command.task_token, {})
    return {}
