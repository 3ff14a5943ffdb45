"""The Server class: it wires the actions, the runner and the store, and is an ASGI application.

server = Server(store="executions.db", invoke=run_task)
await server.start()
await server.call("StartExecution", {"stateMachineArn": arn})
await server.stop()

`python -m asl serve` runs it under uvicorn.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from inspect import iscoroutinefunction
from typing import Any

from botocore import xform_name

from asl.server import http_protocol
from asl.server.actions import request_validation
from asl.server.actions.activities import ActivityActions
from asl.server.actions.executions import ExecutionActions, wait_until_ended
from asl.server.actions.map_runs import MapRunActions
from asl.server.actions.state_machines import StateMachineActions
from asl.server.actions.tags import TagActions
from asl.server.actions.task_tokens import TaskTokenActions
from asl.server.actions.test_state import TestStateAction
from asl.server.actions.versions import VersionActions
from asl.server.arns import Account
from asl.server.clock import ServerClock
from asl.server.compiled_machines import CompiledMachines
from asl.server.errors import ApiError
from asl.server.execution_runner import ExecutionRunner
from asl.server.execution_store import ExecutionStore
from asl.server.mock_config import MockConfig
from asl.server.resource_registry import ResourceRegistry
from asl.server.task_runner import TaskFunction, TaskRunner
from asl.validation.requests import Rejected

logger = logging.getLogger("asl.server")

Action = Callable[[dict[str, Any]], dict[str, Any] | Awaitable[dict[str, Any]]]


class Server:
    """A Step Functions server.

    Args:
        store: the path of the SQLite file; ``:memory:`` stores nothing on disk.
        invoke: runs a task in a thread of the pool; see task_runner.TaskFunction.
        account, region: the account and region in the ARNs of new resources.
        mocks: a mock configuration in Step Functions Local's format.
        workers: the maximum number of concurrent tasks.
        max_running: the maximum number of running executions; beyond it, starts fail with ExecutionLimitExceeded.
    """

    def __init__(
        self,
        store: str,
        invoke: TaskFunction,
        *,
        account: str = "000000000000",
        region: str = "us-east-1",
        mocks: Mapping[str, Any] | None = None,
        workers: int = 32,
        max_running: int = 10_000,
    ) -> None:
        self.store = ExecutionStore(store)
        self.clock = ServerClock(self.store.get("offset", 0.0))
        if (ahead := self.clock.continue_from(self.store.newest())) >= 1:
            logger.warning("the newest entry is %.0f s ahead of the machine's clock: time goes on from there", ahead)
        self.task_runner = TaskRunner(invoke, workers, MockConfig(mocks) if mocks else None)
        self.registry = ResourceRegistry(self.store)
        machines = CompiledMachines(self.registry)
        self.runner = ExecutionRunner(self.store, machines, self.clock, self.task_runner.launch, max_running)
        self.task_runner.runner, self.task_runner.call_api = self.runner, self.call
        self.actions = self._actions(Account(region, account))
        self.started = False

    def _actions(self, account: Account) -> dict[str, Action]:
        """The implemented actions by name. An action is a method of one of these objects."""
        registry, runner, now, mocks = self.registry, self.runner, self.clock.now, self.task_runner.mocks
        versions = VersionActions(registry, now)
        map_runs = MapRunActions(runner)
        implementations = (
            StateMachineActions(registry, account, now, versions, any_task=mocks is not None),
            versions,
            TagActions(registry),
            map_runs,
            ExecutionActions(registry, account, runner, map_runs, mocks),
            TaskTokenActions(runner),
            ActivityActions(registry, account, runner, now),
            TestStateAction(self.task_runner),
        )
        actions: dict[str, Action] = {}
        for operation in request_validation.service_model().operation_names:
            for implementation in implementations:
                if action := getattr(implementation, xform_name(operation), None):
                    actions[operation] = action
        return actions

    async def start(self) -> None:
        """Start running executions; those that ran when the last server ended continue."""
        if not self.started:
            self.started = True
            await self.runner.open()

    async def stop(self) -> None:
        """Commit and close the store. The next server runs tasks in flight again."""
        if self.started:
            self.started = False
            self.task_runner.close()
            self.runner.close()
            self.store.close()

    async def call(self, action: str, request: dict[str, Any]) -> dict[str, Any]:
        """Perform an action of the API and commit its effects. Raises ApiError."""
        perform = self.actions.get(action)
        if perform is None:
            raise ApiError("UnknownOperationException", f"Unknown operation: {action}")
        request_validation.check_request(action, request)
        try:
            reply: Any = perform(request)
            response: dict[str, Any] = await reply if iscoroutinefunction(perform) else reply
        except Rejected as rejected:
            raise ApiError(rejected.code, rejected.message) from rejected
        await self.runner.until_committed()
        return response

    async def advance(self, seconds: float) -> float:
        """Move the clock ahead and handle everything that is due until then; returns the new time."""
        self.runner.advance(seconds)
        await self.runner.until_committed()
        return self.clock.now()

    async def wait_until_ended(self, arn: str) -> None:
        """Wait until an execution has ended. Returns at once if it isn't running."""
        if execution := self.runner.engine.executions.get(arn):
            await wait_until_ended(self.runner, execution)

    async def __call__(self, scope: dict[str, Any], receive: http_protocol.Receive, send: http_protocol.Send) -> None:
        """The ASGI application."""
        if scope["type"] == "lifespan":
            await self._run_lifespan(receive, send)
        elif scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        elif (scope["method"], scope["path"]) == ("POST", "/_asl/clock/advance"):
            await http_protocol.advance_clock(self.advance, receive, send)
        elif (scope["method"], scope["path"]) == ("GET", "/health"):
            await http_protocol.reply(send, 200, {"status": "ok", "running": len(self.runner.engine.executions)})
        else:
            target = next((value for name, value in scope["headers"] if name == b"x-amz-target"), b"")
            await http_protocol.serve_action(self.call, target, receive, send)

    async def _run_lifespan(self, receive: http_protocol.Receive, send: http_protocol.Send) -> None:
        await receive()
        await self.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})
