"""The events of a history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """An event. The JSON texts in its details are parsed."""

    id: int
    kind: str
    at: float
    previous: int
    details: dict[str, Any]


def task_of(event: HistoryEvent) -> str:
    """The task of a Scheduled event: a function, an activity, or a service's action with its function or machine."""
    details = event.details
    action = str(details.get("resource", ""))
    if "resourceType" not in details:
        return action
    parameters = details.get("parameters")
    arguments = parameters if isinstance(parameters, dict) else {}
    target = arguments.get("FunctionName") or arguments.get("StateMachineArn")
    if details["resourceType"] == "lambda" and target:
        return str(target)
    return ":".join(filter(None, (details["resourceType"], action, str(target or ""))))


def failure_of(event: HistoryEvent) -> dict[str, Any]:
    return {"error": event.details.get("error", ""), "cause": event.details.get("cause")}
