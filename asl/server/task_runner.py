"""The task runner: it runs each task as a mock, as a call of this server, or as a function in the thread pool."""

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
from asl.server.execution_runner import ExecutionRunner
from asl.server.mock_config import MockConfig
from asl.services.functions import failure_payload
from asl.services.naming import exception_name

TaskFunction = Callable[[TaskRequest], Any]
"""Runs a task in a thread of the pool and returns its JSON result. An exception fails the task, as in Lambda.

The request's payload belongs to the engine and must not be changed.
"""
CallApi = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]


class TaskRunner:
    """Runs the tasks of the server's executions.

    Args:
        invoke: runs a task.
        workers: the maximum number of concurrent tasks.
        mocks: gives the results of executions that name a test case.
    """

    def __init__(self, invoke: TaskFunction, workers: int, mocks: MockConfig | None) -> None:
        self.invoke = invoke
        self.pool = ThreadPoolExecutor(workers, thread_name_prefix="asl-task")
        self.mocks = mocks
        self.runner: ExecutionRunner
        self.call_api: CallApi
        self.api_calls: set[asyncio.Task[None]] = set()

    def launch(self, request: TaskRequest, complete: Complete) -> None:
        """Start a task. `complete` is called in the loop's thread."""
        row = self.runner.rows.get(request.execution)
        if row is not None and row.mock_case is not None and self.mocks is not None:
            machine = row.machine_arn.rpartition(":")[2]
            is_mocked, result = self.mocks.answer(machine, row.mock_case, row.arn, request.state)
            if is_mocked:
                complete(Callback(result))
                self.runner.schedule_commit()
                return
        if request.integration.service == "aws-sdk:sfn":
            api_call = self.runner.loop.create_task(self._call_own_api(request, complete))
            self.api_calls.add(api_call)
            api_call.add_done_callback(self.api_calls.discard)
            return
        self.pool.submit(self._run, request, complete)

    def _run(self, request: TaskRequest, complete: Complete) -> None:
        result = self.result_of(request)
        self.runner.post(lambda: complete(result))

    def result_of(self, request: TaskRequest) -> Any:
        """Run a task; returns its result, or its failure as a StatesError."""
        try:
            return self.invoke(request)
        except StatesError as error:
            return error
        except BaseException as error:  # any exception of a function is the task's failure
            return StatesError(type(error).__name__, failure_payload(error, str(uuid.uuid4())))

    async def _call_own_api(self, request: TaskRequest, complete: Complete) -> None:
        """Call ``aws-sdk:sfn:action`` on this server. The integration's member names begin with a capital."""
        action = request.integration.action
        parameters = {name[:1].lower() + name[1:]: value for name, value in (request.payload or {}).items()}
        try:
            reply = await self.call_api(action[:1].upper() + action[1:], parameters)
        except ApiError as error:
            cause = f"{error.message} (Service: Sfn, Status Code: {error.status}, Request ID: {uuid.uuid4()})"
            complete(StatesError(f"Sfn.{exception_name(error.code)}", cause))
        else:
            complete({name[:1].upper() + name[1:]: value for name, value in reply.items()})
        self.runner.schedule_commit()

    def close(self) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)
