"""Attempts of tasks, and how to compare two attempts of which only one calls its function by ``lambda:invoke``.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from asl.replay.history.events import HistoryEvent


@dataclass(slots=True)
class TaskAttempt:
    """One attempt of a task.

    Attributes:
        scheduled: the event with which it started.
        task: the function, or the service's action.
        payload: its input.
        outcome: "succeeded", "failed" or "timed out"; empty if there is none yet.
        data: the result; or error and cause.
        settled: the id of the outcome's event.
    """

    scheduled: HistoryEvent
    task: str
    payload: Any
    outcome: str = ""
    data: Any = None
    settled: int = 0

    @property
    def details(self) -> dict[str, Any]:
        return self.scheduled.details

    @property
    def uses_invoke(self) -> bool:
        """True for a function called by ``lambda:invoke``, whose input is inside an envelope."""
        return self.details.get("resourceType") == "lambda" and self.details.get("resource") in (
            "invoke",
            "invoke.waitForTaskToken",
        )

    @property
    def has_wrapped_result(self) -> bool:
        """True if the result is in Lambda's envelope too. The result of a callback isn't."""
        return self.uses_invoke and self.details["resource"] == "invoke"

    @property
    def function_input(self) -> Any:
        """The input of the function itself, without an envelope."""
        if self.uses_invoke and isinstance(self.payload, dict):
            return self.payload.get("Payload", {})
        return self.payload

    @property
    def integration(self) -> str:
        """The service integration. A function's ARN is short for ``lambda:invoke``."""
        kind = self.details.get("resourceType")
        return f"{kind}:{self.details.get('resource')}" if kind else "lambda:invoke"

    @property
    def failed(self) -> bool:
        return self.outcome in ("failed", "timed out")


def comparable_payloads(recorded: TaskAttempt, replayed: TaskAttempt) -> tuple[Any, Any]:
    """The inputs of two attempts; of their functions, if only one is called by ``lambda:invoke``."""
    if recorded.uses_invoke == replayed.uses_invoke:
        return recorded.payload, replayed.payload
    return recorded.function_input, replayed.function_input


def adapt_result(result: Any, recorded: TaskAttempt, replayed: TaskAttempt) -> Any:
    """A recorded result in the form that a replayed attempt expects: with Lambda's envelope, or without."""
    if recorded.has_wrapped_result == replayed.has_wrapped_result:
        return result
    if replayed.has_wrapped_result:
        return {"ExecutedVersion": "$LATEST", "Payload": result, "StatusCode": 200}
    return result.get("Payload") if isinstance(result, dict) else result
