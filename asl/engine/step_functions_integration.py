"""Step Functions as a service integration: nested executions and task tokens of the same engine.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from asl.engine.activities import ActivityQueues
from asl.engine.clock import iso
from asl.engine.definition import StateMachine
from asl.engine.errors import ExecutionAlreadyExists, TaskDoesNotExist
from asl.engine.execution import SUCCEEDED, Execution
from asl.engine.requests import Complete, TaskRequest
from asl.language.documents import decode, encode
from asl.language.errors import StatesError

START_SERVICES = ("states", "aws-sdk:sfn")
TOKEN_ACTIONS = ("sendTaskSuccess", "sendTaskFailure", "sendTaskHeartbeat")


class NestingEngine(Protocol):
    """What the integration needs of the engine that it belongs to."""

    machines: dict[str, StateMachine]
    executions: dict[str, Execution]
    activities: ActivityQueues

    def start(self, machine: StateMachine, input: Any, *, name: str | None = None) -> Execution: ...
    def stop(self, execution: Execution, error: str | None = None, cause: str | None = None) -> None: ...
    def watch(self, arn: str, callback: Callable[[Execution], None]) -> None: ...
    def deliver(self, execution: Execution, pending_id: int, kind: str, data: Any) -> None: ...
    def post(self, execution: Execution, pending_id: int, kind: str, data: Any = None) -> None: ...
    def send_task_success(self, token: str, output: Any) -> None: ...
    def send_task_failure(self, token: str, error: str | None = None, cause: str | None = None) -> None: ...
    def send_task_heartbeat(self, token: str) -> None: ...


class StepFunctionsIntegration:
    """Runs the tasks that call Step Functions itself."""

    def __init__(self, engine: NestingEngine) -> None:
        self.engine = engine

    def handles(self, request: TaskRequest) -> bool:
        """True for calls about the engine's own machines, tokens and activities."""
        service, action, payload = request.integration.service, request.integration.action, request.payload
        if service not in START_SERVICES:
            return False
        if action == "startExecution":
            return isinstance(payload, dict) and payload.get("StateMachineArn") in self.engine.machines
        return service == "aws-sdk:sfn" and (action in TOKEN_ACTIONS or action == "getActivityTask")

    def call(self, execution: Execution, request: TaskRequest, complete: Complete) -> None:
        """Run a task that `handles` accepted."""
        action, payload = request.integration.action, request.payload
        if action == "getActivityTask":
            self.engine.activities.poll(payload["ActivityArn"], payload.get("WorkerName"), _sdk_task_reply(complete))
        elif action == "startExecution":
            self._start_execution(execution, request, complete)
        else:
            complete(self._answer_token(action, payload))

    def _answer_token(self, action: str, payload: dict[str, Any]) -> Any:
        try:
            token = payload["TaskToken"]
            if action == "sendTaskSuccess":
                self.engine.send_task_success(token, _parse_text(payload["Output"]))
            elif action == "sendTaskFailure":
                self.engine.send_task_failure(token, payload.get("Error"), payload.get("Cause"))
            else:
                self.engine.send_task_heartbeat(token)
        except TaskDoesNotExist as error:
            return StatesError("Sfn.TaskTimedOutException", f"{error} (Service: Sfn, Status Code: 400, Request ID: 0)")
        return {}

    def _start_execution(self, execution: Execution, request: TaskRequest, complete: Complete) -> None:
        engine, payload, integration = self.engine, request.payload, request.integration
        machine = engine.machines[payload["StateMachineArn"]]
        name = payload.get("Name") or execution.token(request.pending_id)[:36]
        child = engine.executions.get(machine.execution_arn(name, ""))
        if child is None or integration.pattern == "":
            try:
                child = engine.start(machine, _child_input(payload.get("Input"), integration.service), name=name)
            except ExecutionAlreadyExists as error:
                cause = f"{error} (Service: AWSStepFunctions; Status Code: 400; Error Code: ExecutionAlreadyExists)"
                complete(StatesError("StepFunctions.ExecutionAlreadyExistsException", cause))
                return
        started: dict[str, Any] = {"ExecutionArn": child.arn, "StartDate": int(child.started_at * 1000)}
        if integration.service != "states":
            started["StartDate"] = iso(child.started_at)
        if integration.pattern not in (".sync", ".sync:2"):
            complete(started)
            return
        engine.deliver(execution, request.pending_id, "submitted", started)
        self._watch_child(execution, request, child.arn)

    def rejoin_child(self, execution: Execution, request: TaskRequest) -> None:
        """After a crash: wait again for the execution that a `.sync` call has started."""
        if request.integration.pattern.startswith(".sync") and "ExecutionArn" in request.submitted:
            self._watch_child(execution, request, request.submitted["ExecutionArn"])

    def stop_child(self, request: TaskRequest) -> None:
        """Stop the execution that a `.sync` task has started, when nothing awaits the task any more."""
        if request.integration.pattern.startswith(".sync") and request.submitted:
            child = self.engine.executions.get(request.submitted.get("ExecutionArn", ""))
            if child is not None:
                self.engine.stop(child)

    def _watch_child(self, execution: Execution, request: TaskRequest, arn: str) -> None:
        as_text = request.integration.pattern == ".sync"

        def post_outcome(child: Execution) -> None:
            description = describe_execution(child, as_text)
            if child.status == SUCCEEDED:
                self.engine.post(execution, request.pending_id, "succeeded", description)
            else:
                data = {"error": "States.TaskFailed", "cause": encode(description)}
                self.engine.post(execution, request.pending_id, "failed", data)

        self.engine.watch(arn, post_outcome)


def describe_execution(execution: Execution, as_text: bool) -> dict[str, Any]:
    """The result of `.sync` (input and output as texts) and of `.sync:2` (as JSON), for an execution that has ended."""
    convert = encode if as_text else lambda value: value
    description = {
        "ExecutionArn": execution.arn,
        "Input": convert(execution.input),
        "InputDetails": {"Included": True},
        "Name": execution.name,
        "Output": convert(execution.output),
        "OutputDetails": {"Included": True},
        "Error": execution.error,
        "Cause": execution.cause,
        "StartDate": int(execution.started_at * 1000),
        "StateMachineArn": execution.machine.arn,
        "Status": execution.status,
        "StopDate": int((execution.stopped_at or 0) * 1000),
        "RedriveCount": execution.redrive_count,
    }
    if execution.status == SUCCEEDED:
        description["RedriveStatus"] = "NOT_REDRIVABLE"
        description["RedriveStatusReason"] = "Execution is SUCCEEDED and cannot be redriven"
    else:
        description["RedriveStatus"] = "REDRIVABLE"
        del description["Output"], description["OutputDetails"]
    return {name: value for name, value in description.items() if value is not None or name == "Output"}


def _sdk_task_reply(complete: Complete) -> Complete:
    """Completes ``aws-sdk:sfn:getActivityTask`` with a task, its members capitalized, or without one."""

    def reply(task: dict[str, Any] | None) -> None:
        complete({} if task is None else {"TaskToken": task["taskToken"], "Input": task["input"]})

    return reply


def _child_input(value: Any, service: str) -> Any:
    if value is None:
        return {}
    return _parse_json_text(value) if service == "states" else _parse_text(value)


def _parse_text(text: Any) -> Any:
    return decode(text) if isinstance(text, str) else text


def _parse_json_text(value: Any) -> Any:
    """The optimized integration takes JSON; a text that holds JSON is taken for what it holds."""
    try:
        return _parse_text(value)
    except ValueError:
        return value
