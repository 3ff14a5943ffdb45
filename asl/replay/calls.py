"""Two attempts side by side, where one calls its function by ARN and the other through ``lambda:invoke``.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
"""

from __future__ import annotations

from typing import Any

from asl.replay.visits import Try


def payloads(old: Try, new: Try) -> tuple[Any, Any]:
    """What two attempts were given, to compare: the function's own command where it is called in two ways."""
    return (old.payload, new.payload) if old.invokes == new.invokes else (old.command, new.command)


def carried(data: Any, old: Try, new: Try) -> Any:
    """A recorded answer as a new attempt expects it: in Lambda's envelope, or without."""
    if old.is_wrapped == new.is_wrapped:
        return data
    if new.is_wrapped:
        return {"ExecutedVersion": "$LATEST", "Payload": data, "StatusCode": 200}
    return data.get("Payload") if isinstance(data, dict) else data


def integration(attempt: Try) -> str:
    """The integration; a function's ARN is a short way to write ``lambda:invoke``."""
    kind = attempt.details.get("resourceType")
    return f"{kind}:{attempt.details.get('resource')}" if kind else "lambda:invoke"
