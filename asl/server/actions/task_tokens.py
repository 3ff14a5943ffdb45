"""The actions of workers that complete a task by its token.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
"""

from __future__ import annotations

import json
import re
from typing import Any

from asl.server.errors import ApiError, invalid_token
from asl.server.execution_runner import ExecutionRunner

Request = dict[str, Any]
Reply = dict[str, Any]
TOKEN = re.compile(r"[0-9a-f]{64}")


class TaskTokenActions:
    """SendTaskSuccess, SendTaskFailure, SendTaskHeartbeat."""

    def __init__(self, runner: ExecutionRunner) -> None:
        self.runner = runner

    def send_task_success(self, request: Request) -> Reply:
        try:
            output = json.loads(request["output"])
        except (ValueError, RecursionError) as error:
            raise ApiError("InvalidOutput", f"Invalid Output: '{error}'") from error
        return self._deliver(request, "succeeded", output)

    def send_task_failure(self, request: Request) -> Reply:
        return self._deliver(request, "failed", {"error": request.get("error"), "cause": request.get("cause")})

    def send_task_heartbeat(self, request: Request) -> Reply:
        return self._deliver(request, "heartbeat", None)

    def _deliver(self, request: Request, outcome: str, data: Any) -> Reply:
        token = request["taskToken"]
        if not TOKEN.fullmatch(token):
            raise invalid_token()
        if not self.runner.deliver_token_outcome(token, outcome, data):
            raise ApiError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        return {}
