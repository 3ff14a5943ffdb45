"""Runs every test on executions in memory, and on the Step Functions client against the engine's server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from queue import Queue
from typing import Any

import pytest

from asl.engine.requests import TaskRequest
from oms.adapters.aws.clients import Aws
from oms.adapters.aws.step_functions import StepFunctions
from oms.adapters.memory.edges import MemoryExecutions
from oms.ports import Executions
from tests.asl.serving import ROLE, advance, serving

WAITS = {
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}},
            "TimeoutSeconds": 3600,
            "End": True,
        }
    },
}


@dataclass(frozen=True)
class Waiting:
    """Executions under test, with one that waits on ``token``."""

    executions: Executions
    token: str
    expire: Any
    """Called to let the token time out."""
    started: Any
    """Called for how many executions were started."""
    fail: Any
    """Called to let the execution that waits fail."""
    grow_old: Any
    """Called to let 15 days pass."""


@pytest.fixture(params=["memory", "step functions", "step functions by boto3"])
def waiting(request: pytest.FixtureRequest) -> Iterator[Waiting]:
    if request.param == "memory":
        memory = MemoryExecutions()
        memory.start("NewOrder", "ord_0", {"order_id": "ord_0"})
        yield Waiting(
            memory,
            "token",
            lambda: memory.expire("token"),
            lambda: len(memory.starts),
            lambda: memory.end("NewOrder", "ord_0", "FAILED"),
            lambda: memory.grow_old("NewOrder", "ord_0"),
        )
        return
    tokens: Queue[str] = Queue()

    def ask(request: TaskRequest) -> Any:
        tokens.put(request.payload["Payload"]["token"])
        return {}

    with serving(invoke=ask) as sfn:
        made = sfn.create_state_machine(name="NewOrder", definition=json.dumps(WAITS), roleArn=ROLE)
        arn = made["stateMachineArn"]
        client = "boto3" if request.param.endswith("boto3") else ""
        aws = Aws("us-east-1", stepfunctions_endpoint=f"http://127.0.0.1:{sfn.port}", signs=False, client=client)
        executions = StepFunctions(aws, {"NewOrder": arn})
        executions.start("NewOrder", "ord_0", {"order_id": "ord_0"})
        token = tokens.get(timeout=30)
        yield Waiting(
            executions,
            token,
            lambda: advance(sfn, 3601),
            lambda: len(sfn.list_executions(stateMachineArn=arn)["executions"]),
            lambda: executions.fail(token, "OrderParked", "an operator decides"),
            lambda: advance(sfn, 15 * 86_400),
        )
