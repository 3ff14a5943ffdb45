"""TestState.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html
"""

from __future__ import annotations

import asyncio
from typing import Any

from asl.engine.requests import Complete, TaskRequest
from asl.server.task_runner import Work
from asl.teststate.api import test_state


class Testing:
    """TestState, as the API has it; the state's task is done like any other, in a thread of the pool."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def test_state(self, request: dict[str, Any]) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.work.pool, test_state, request, self._invoke)

    def _invoke(self, request: TaskRequest, complete: Complete) -> None:
        complete(self.work.answer(request))
