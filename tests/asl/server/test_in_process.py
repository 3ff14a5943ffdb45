"""The server without HTTP, in the test's own event loop, so that the test controls the order of events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from asl.engine.requests import TaskRequest
from asl.server import Server
from tests.asl.serving import ROLE, no_task

CALLBACK = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
    "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}},
    "End": True,
}


@asynccontextmanager
async def opened(store: str = ":memory:", invoke: Callable[[TaskRequest], Any] = no_task) -> AsyncIterator[Server]:
    server = Server(store, invoke)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def start(server: Server, state: dict[str, Any]) -> str:
    definition = json.dumps({"StartAt": "S", "States": {"S": state}})
    request = {"name": "machine", "definition": definition, "roleArn": ROLE}
    machine = (await server.call("CreateStateMachine", request))["stateMachineArn"]
    arn: str = (await server.call("StartExecution", {"stateMachineArn": machine}))["executionArn"]
    return arn


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test())


def test_an_activity_poll_ends_empty_after_a_minute() -> None:
    async def test() -> None:
        async with opened() as server:
            activity = (await server.call("CreateActivity", {"name": "pack"}))["activityArn"]
            polling = asyncio.create_task(server.call("GetActivityTask", {"activityArn": activity}))
            await asyncio.sleep(0)
            await server.advance(59)
            assert not polling.done()
            await server.advance(1)
            assert await polling == {}

    run(test)


def test_a_disconnected_worker_gets_no_task() -> None:
    async def test() -> None:
        async with opened() as server:
            activity = (await server.call("CreateActivity", {"name": "pack"}))["activityArn"]
            polling = asyncio.create_task(server.call("GetActivityTask", {"activityArn": activity}))
            await asyncio.sleep(0)
            polling.cancel()
            await asyncio.wait([polling])

            await start(server, {"Type": "Task", "Resource": activity, "End": True})

            task = await server.call("GetActivityTask", {"activityArn": activity})
            assert task["input"] == "{}"

    run(test)


def test_a_submitted_task_is_not_invoked_again_after_a_restart(tmp_path: Path) -> None:
    tokens: list[str] = []

    def ask(request: TaskRequest) -> Any:
        tokens.append(request.payload["Payload"]["token"])
        return {}

    async def test() -> None:
        path = str(tmp_path / "store.db")
        async with opened(path, ask) as server:
            arn = await start(server, CALLBACK)
            server.task_runner.pool.shutdown(wait=True)  # the call has returned; its result is queued in the loop
            await asyncio.sleep(0)
            await server.runner.until_committed()

        async with opened(path) as server:
            await server.call("SendTaskSuccess", {"taskToken": tokens[0], "output": "1"})
            await server.wait_until_ended(arn)
            description = await server.call("DescribeExecution", {"executionArn": arn})
        assert (description["status"], description["output"], len(tokens)) == ("SUCCEEDED", "1", 1)

    run(test)


def test_waiting_for_a_nested_execution_survives_a_restart(tmp_path: Path) -> None:
    async def test() -> None:
        path = str(tmp_path / "store.db")
        async with opened(path) as server:
            child = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "Next": "P"}, "P": RESULT}}
            request = {"name": "child", "definition": json.dumps(child), "roleArn": ROLE}
            inner = (await server.call("CreateStateMachine", request))["stateMachineArn"]
            nested = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": True}
            arn = await start(server, nested | {"Parameters": {"StateMachineArn": inner, "Input": {}}})

        async with opened(path) as server:
            await server.advance(60)
            description = await server.call("DescribeExecution", {"executionArn": arn})
        assert json.loads(description["output"])["Output"] == "made"

    run(test)


RESULT = {"Type": "Pass", "Result": "made", "End": True}


def test_timers_fire_at_their_due_times_when_the_clock_jumps() -> None:
    """A jump past several deadlines handles each at its due time."""
    waits = {f"W{n}": {"Type": "Wait", "Seconds": 3600, "Next": f"W{n + 1}"} for n in range(23)}
    definition = {"StartAt": "W0", "States": waits | {"W23": {"Type": "Wait", "Seconds": 3600, "End": True}}}

    async def test() -> None:
        async with opened() as server:
            request = {"name": "day", "definition": json.dumps(definition), "roleArn": ROLE}
            machine = (await server.call("CreateStateMachine", request))["stateMachineArn"]
            arn = (await server.call("StartExecution", {"stateMachineArn": machine}))["executionArn"]
            await server.advance(7 * 86_400)
            description = await server.call("DescribeExecution", {"executionArn": arn})
        assert round(description["stopDate"] - description["startDate"], 3) == 86_400

    run(test)
