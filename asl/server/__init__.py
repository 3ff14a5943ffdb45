"""The Step Functions API over HTTP: the engine on the real clock, kept in SQLite.

server = Server(store="executions.db", invoke=do_task)
await server.start()
await server.call("StartExecution", {"stateMachineArn": arn})
await server.stop()

It is an ASGI application too; `python -m asl serve` runs it under uvicorn.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import iscoroutinefunction
from typing import Any

from asl.server import parameters, web
from asl.server.arns import Account
from asl.server.callbacks import Activities, Callbacks
from asl.server.catalogue import Catalogue
from asl.server.clock import ServerClock
from asl.server.errors import ApiError
from asl.server.executions import Executions, until_ended
from asl.server.machines import Machines
from asl.server.map_runs import MapRuns
from asl.server.mocks import Mocks
from asl.server.registry import Registry
from asl.server.runner import Runner
from asl.server.store import Store
from asl.server.tags import Tags
from asl.server.task_runner import TaskFunction, Work
from asl.server.testing import Testing
from asl.server.versions import Versions
from asl.validation.requests import Rejected


class Server:
    """A Step Functions of one's own.

    Args:
        store: the SQLite file; ``:memory:`` keeps nothing.
        invoke: does a task, in a thread of the pool; see work.TaskFunction.
        account, region: whose ARNs it gives out.
        mocks: a mock configuration in Step Functions Local's format.
        workers: how many tasks run at once.
        largest: how many executions may be running; more are refused with ExecutionLimitExceeded.
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
        largest: int = 10_000,
    ) -> None:
        self.store = Store(store)
        self.clock = ServerClock(self.store.get("offset", 0.0))
        self.work = Work(invoke, workers, Mocks(mocks) if mocks else None)
        self.registry = Registry(self.store)
        self.runner = Runner(self.store, Catalogue(self.registry), self.clock, self.work.launch, largest)
        self.work.runner, self.work.api = self.runner, self.call
        self.actions = self._actions(Account(region, account))
        self.opened = False

    def _actions(self, account: Account) -> dict[str, Any]:
        registry, runner, now = self.registry, self.runner, self.clock.now
        versions = Versions(registry, now)
        map_runs = MapRuns(runner)
        parts = (
            Machines(registry, account, now, versions, any_task=self.work.mocks is not None),
            versions,
            Tags(registry),
            map_runs,
            Executions(registry, account, runner, map_runs, self.work.mocks),
            Callbacks(runner),
            Activities(registry, account, runner, now),
            Testing(self.work),
        )
        from botocore import xform_name

        found = {}
        for operation in parameters.api().operation_names:
            for part in parts:
                if action := getattr(part, xform_name(operation), None):
                    found[operation] = action
        return found

    async def start(self) -> None:
        """Begin to drive executions; those that were running when the last server ended go on."""
        if not self.opened:
            self.opened = True
            await self.runner.open()

    async def stop(self) -> None:
        """Commit, and let go of the file. Tasks in flight are run again by the next server."""
        if self.opened:
            self.opened = False
            self.work.close()
            self.runner.close()
            self.store.close()

    async def call(self, action: str, request: dict[str, Any]) -> dict[str, Any]:
        """Perform an action of the API. What it did is lasting when this returns. Raises ApiError."""
        perform = self.actions.get(action)
        if perform is None:
            raise ApiError("UnknownOperationException", f"Unknown operation: {action}")
        parameters.check(action, request)
        try:
            answer: dict[str, Any] = await perform(request) if iscoroutinefunction(perform) else perform(request)
        except Rejected as rejected:
            raise ApiError(rejected.code, rejected.message) from rejected
        await self.runner.lasting()
        return answer

    async def advance(self, seconds: float) -> float:
        """Move the clock ahead; returns the new time. Whatever was due until then has happened."""
        self.runner.advance(seconds)
        await self.runner.lasting()
        return self.clock.now()

    async def ended(self, arn: str) -> None:
        """Wait until an execution has ended; at once where it has, or isn't known."""
        if execution := self.runner.engine.executions.get(arn):
            await until_ended(self.runner, execution)

    async def __call__(self, scope: dict[str, Any], receive: web.Receive, send: web.Send) -> None:
        """The ASGI application."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        elif (scope["method"], scope["path"]) == ("POST", "/_asl/clock/advance"):
            await web.advance_clock(self.advance, receive, send)
        elif (scope["method"], scope["path"]) == ("GET", "/health"):
            await web.reply(send, 200, {"status": "ok", "running": len(self.runner.engine.executions)})
        else:
            target = next((value for name, value in scope["headers"] if name == b"x-amz-target"), b"")
            await web.serve_action(self.call, target, receive, send)

    async def _live(self, receive: web.Receive, send: web.Send) -> None:
        await receive()
        await self.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})


__all__ = ["ApiError", "Server"]
