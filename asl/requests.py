"""What a Task state asks of the world, and how its Resource reads.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-service-integrations.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

PATTERNS = (".waitForTaskToken", ".sync:2", ".sync")


@dataclass(frozen=True, slots=True)
class Integration:
    """A Resource taken apart.

    Attributes:
        kind: "lambda" for a function's own ARN or a placeholder, "activity", or "service".
        service: such as ``lambda`` or ``aws-sdk:s3``; empty unless kind is "service".
        action: such as ``invoke``, without its pattern.
        pattern: "", ``.sync``, ``.sync:2`` or ``.waitForTaskToken``.
    """

    kind: str
    service: str = ""
    action: str = ""
    pattern: str = ""

    @property
    def waits_for_token(self) -> bool:
        return self.pattern == ".waitForTaskToken"


@lru_cache(maxsize=1024)
def parse_resource(resource: str) -> Integration:
    """A Resource's parts; whatever is neither a service integration nor an activity is a function."""
    target = resource.partition(":states:::")[2]
    if not target:
        return Integration("activity" if ":activity:" in resource else "lambda")
    pattern = next((p for p in PATTERNS if target.endswith(p)), "")
    service, _, action = target.removesuffix(pattern).rpartition(":")
    return Integration("service", service, action, pattern)


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
        ticket: the number under which the execution awaits the outcome; the same again after a crash.
        token: the task token, for ``.waitForTaskToken`` and activities.
        timeout_seconds, heartbeat_seconds: as they apply to this attempt; None for no limit.
        credentials: the ``Credentials`` field, evaluated.
        started: an activity's worker has taken it.
        submitted: the first answer, once a ``.sync`` or ``.waitForTaskToken`` call has been taken.
    """

    resource: str
    payload: Any
    integration: Integration
    state: str
    execution: str
    execution_name: str
    context: dict[str, Any]
    attempt: int
    ticket: int
    token: str | None = None
    timeout_seconds: float | None = None
    heartbeat_seconds: float | None = None
    credentials: Any = None
    submitted: Any = None
    started: bool = False


Complete = Callable[[Any], None]
"""Give a task its result (a JSON value) or its failure (an exception)."""

Invoke = Callable[[TaskRequest, Complete], None]
"""Run a task and complete it, now or later, or never."""
