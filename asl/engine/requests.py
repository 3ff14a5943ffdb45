"""A task request: one attempt of a Task state, as the engine hands it to the function that runs the task.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-service-integrations.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from asl.language.resources import Integration


@dataclass(slots=True)
class TaskRequest:
    """One attempt of one task.

    Attributes:
        resource: as written in the definition, placeholders and all.
        payload: the effective input: Parameters or Arguments, else the state's input.
        integration: the resource, parsed.
        state: the state's name.
        execution: the execution's ARN; its name in `execution_name`.
        context: the context object that the attempt saw.
        attempt: 0 for the first, one more for each retry.
        pending_id: the number under which the execution awaits the outcome; the same again after a crash.
        token: the task token, for ``.waitForTaskToken`` and activities.
        timeout_seconds, heartbeat_seconds: as they apply to this attempt; None for no limit.
        credentials: the ``Credentials`` field, evaluated.
        started: an activity's worker has taken it.
        submitted: what a ``.sync`` or ``.waitForTaskToken`` call returned; None until it has returned.
        early_answer: the token's answer, if it came before the call returned: "succeeded" or "failed", and its data.
    """

    resource: str
    payload: Any
    integration: Integration
    state: str
    execution: str
    execution_name: str
    context: dict[str, Any]
    attempt: int
    pending_id: int
    token: str | None = None
    timeout_seconds: float | None = None
    heartbeat_seconds: float | None = None
    credentials: Any = None
    submitted: Any = None
    started: bool = False
    early_answer: tuple[str, Any] | None = None


Complete = Callable[[Any], None]
"""Give a task its result (a JSON value) or its failure (an exception)."""

Invoke = Callable[[TaskRequest, Complete], None]
"""Run a task and complete it, now or later, or never."""
