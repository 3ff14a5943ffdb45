"""TestState.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html
"""

from __future__ import annotations

import asyncio
from typing import Any

from asl.engine.requests import Complete, TaskRequest
from asl.server.task_runner import TaskRunner
from asl.teststate.api import test_state


class TestStateAction:
    """TestState. The state's task runs like any other, in a thread of the pool."""

    def __init__(self, task_runner: TaskRunner) -> None:
        self.task_runner = task_runner

    async def test_state(self, request: dict[str, Any]) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.task_runner.pool, test_state, request, self._invoke)

    def _invoke(self, request: TaskRequest, complete: Complete) -> None:
        complete(self.task_runner.result_of(request))
