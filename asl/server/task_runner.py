"""Who does a task: a mock, this very server, or a function in the pool."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asl.engine.requests import Complete, TaskRequest
from asl.engine.task_functions import Callback
from asl.language.errors import StatesError
from asl.server.errors import ApiError
from asl.server.mocks import Mocks
from asl.server.runner import Runner
from asl.services.functions import failure_payload
from asl.services.naming import exception_name

TaskFunction = Callable[[TaskRequest], Any]
"""Do a task and return its JSON result. Runs in a thread of the pool; what it raises fails the task, as Lambda would.

The request's payload is the engine's own: read it, don't change it.
"""
Api = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]


class Work:
    """Where the runner's tasks go.

    Args:
        invoke: does a task.
        workers: how many tasks run at once.
        mocks: answers instead, for executions of a test case.
    """

    def __init__(self, invoke: TaskFunction, workers: int, mocks: Mocks | None) -> None:
        self.invoke = invoke
        self.pool = ThreadPoolExecutor(workers, thread_name_prefix="asl-task")
        self.mocks = mocks
        self.runner: Runner
        self.api: Api
        self.calls: set[asyncio.Task[None]] = set()

    def launch(self, request: TaskRequest, complete: Complete) -> None:
        """Have a task done, and completed in the loop's thread."""
        row = self.runner.rows.get(request.execution)
        if row is not None and row.mock_case is not None and self.mocks is not None:
            machine = row.machine_arn.rpartition(":")[2]
            mocked, answer = self.mocks.answer(machine, row.mock_case, row.arn, request.state)
            if mocked:
                complete(Callback(answer))
                self.runner.touch()
                return
        if request.integration.service == "aws-sdk:sfn":
            call = self.runner.loop.create_task(self._own_api(request, complete))
            self.calls.add(call)
            call.add_done_callback(self.calls.discard)
            return
        self.pool.submit(self._work, request, complete)

    def _work(self, request: TaskRequest, complete: Complete) -> None:
        answer = self.answer(request)
        self.runner.post(lambda: complete(answer))

    def answer(self, request: TaskRequest) -> Any:
        """A task's result, or its failure as a StatesError."""
        try:
            return self.invoke(request)
        except StatesError as error:
            return error
        except BaseException as error:  # whatever a function raises is its failure
            return StatesError(type(error).__name__, failure_payload(error, str(uuid.uuid4())))

    async def _own_api(self, request: TaskRequest, complete: Complete) -> None:
        """``aws-sdk:sfn:action`` on this server itself: members are capitalized there."""
        action = request.integration.action
        parameters = {name[:1].lower() + name[1:]: value for name, value in (request.payload or {}).items()}
        try:
            reply = await self.api(action[:1].upper() + action[1:], parameters)
        except ApiError as error:
            cause = f"{error.message} (Service: Sfn, Status Code: {error.status}, Request ID: {uuid.uuid4()})"
            complete(StatesError(f"Sfn.{exception_name(error.code)}", cause))
        else:
            complete({name[:1].upper() + name[1:]: value for name, value in reply.items()})
        self.runner.touch()

    def close(self) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)
