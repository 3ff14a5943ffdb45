"""Step Functions as a service to state machines: nested executions, task tokens and activities of the same engine.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from asl.engine.clock import iso
from asl.engine.execution import SUCCEEDED, Execution
from asl.engine.requests import Complete, TaskRequest
from asl.language.documents import encode, parsed
from asl.language.errors import StatesError

if TYPE_CHECKING:
    from asl.engine.engine import Engine

LONG_POLL_SECONDS = 60
SDK_ACTIONS = {"startExecution", "sendTaskSuccess", "sendTaskFailure", "sendTaskHeartbeat", "getActivityTask"}


class Poller:
    """A worker that waits for work; `tell` gets the task, or None when it has waited long enough."""

    def __init__(self, worker: str | None, tell: Complete) -> None:
        self.worker = worker
        self.tell = tell
        self.waiting = True


class StatesApi:
    """What an Engine answers itself."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.offered: dict[str, deque[tuple[Execution, TaskRequest]]] = {}
        self.pollers: dict[str, deque[Poller]] = {}

    def takes(self, request: TaskRequest) -> bool:
        """True for what this engine itself can answer: activities, and calls about its own machines and tokens."""
        integration, payload = request.integration, request.payload
        if integration.kind == "activity":
            return True
        if integration.service == "aws-sdk:sfn" and integration.action in SDK_ACTIONS - {"startExecution"}:
            return True
        starts = integration.service in ("states", "aws-sdk:sfn") and integration.action == "startExecution"
        return starts and isinstance(payload, dict) and payload.get("StateMachineArn") in self.engine.machines

    def call(self, execution: Execution, request: TaskRequest, complete: Complete) -> None:
        """Answer a request that `takes` took."""
        if request.integration.kind == "activity":
            self._offer(execution, request)
        elif request.integration.action == "getActivityTask":
            self.poll(request.payload["ActivityArn"], request.payload.get("WorkerName"), _as_sdk(complete))
        elif request.integration.action == "startExecution":
            self._start(execution, request, complete)
        else:
            complete(self._send(request.integration.action, request.payload))

    def _send(self, action: str, payload: dict[str, Any]) -> Any:
        from asl.engine.engine import TaskDoesNotExist

        try:
            token = payload["TaskToken"]
            if action == "sendTaskSuccess":
                self.engine.send_task_success(token, _document(payload["Output"]))
            elif action == "sendTaskFailure":
                self.engine.send_task_failure(token, payload.get("Error"), payload.get("Cause"))
            else:
                self.engine.send_task_heartbeat(token)
        except TaskDoesNotExist as gone:
            return StatesError("Sfn.TaskTimedOutException", f"{gone} (Service: Sfn, Status Code: 400, Request ID: 0)")
        return {}

    # Nested executions.

    def _start(self, execution: Execution, request: TaskRequest, complete: Complete) -> None:
        from asl.engine.engine import ExecutionAlreadyExists

        engine, payload = self.engine, request.payload
        machine = engine.machines[payload["StateMachineArn"]]
        name = payload.get("Name") or execution.token(request.pending_id)[:36]
        value = payload.get("Input")
        value = {} if value is None else _document(value) if request.integration.service != "states" else _parsed(value)
        arn = machine.execution_arn(name, "")
        child = engine.executions.get(arn)
        if child is None or request.integration.pattern == "":
            try:
                child = engine.start(machine, value, name=name)
            except ExecutionAlreadyExists as exists:
                cause = f"{exists} (Service: AWSStepFunctions; Status Code: 400; Error Code: ExecutionAlreadyExists)"
                complete(StatesError("StepFunctions.ExecutionAlreadyExistsException", cause))
                return
        started = {"ExecutionArn": child.arn, "StartDate": int(child.started_at * 1000)}
        if request.integration.service != "states":
            started["StartDate"] = iso(child.started_at)
        if request.integration.pattern not in (".sync", ".sync:2"):
            complete(started)
            return
        engine.deliver(execution, request.pending_id, "submitted", started)
        self._watch(execution, request, child.arn)

    def rejoin(self, execution: Execution, request: TaskRequest) -> None:
        """After a crash: wait again for the execution that a `.sync` call has started."""
        if request.integration.pattern.startswith(".sync") and "ExecutionArn" in request.submitted:
            self._watch(execution, request, request.submitted["ExecutionArn"])

    def stop_child(self, request: TaskRequest) -> None:
        """A `.sync` task that is given up takes the execution that it started with it."""
        if request.integration.pattern.startswith(".sync") and request.submitted:
            child = self.engine.executions.get(request.submitted.get("ExecutionArn", ""))
            if child is not None:
                self.engine.stop(child)

    def _watch(self, execution: Execution, request: TaskRequest, arn: str) -> None:
        texts = request.integration.pattern == ".sync"

        def ended(child: Execution) -> None:
            described = describe(child, texts)
            if child.status == SUCCEEDED:
                self.engine.post(execution, request.pending_id, "succeeded", described)
            else:
                data = {"error": "States.TaskFailed", "cause": encode(described)}
                self.engine.post(execution, request.pending_id, "failed", data)

        self.engine.watch(arn, ended)

    # Activities.

    def _offer(self, execution: Execution, request: TaskRequest) -> None:
        self.offered.setdefault(request.resource, deque()).append((execution, request))
        pollers = self.pollers.get(request.resource)
        while pollers:
            poller = pollers.popleft()
            if poller.waiting:
                self._hand_out(request.resource, poller)
                return

    def poll(self, activity: str, worker: str | None, tell: Complete) -> None:
        """GetActivityTask: the next task, now or when there is one; None after a minute without."""
        poller = Poller(worker, tell)
        if self._hand_out(activity, poller):
            return
        self.pollers.setdefault(activity, deque()).append(poller)
        self.engine.call_at(self.engine.now + LONG_POLL_SECONDS, lambda: self._give_up(poller))

    def _give_up(self, poller: Poller) -> None:
        if poller.waiting:
            poller.waiting = False
            poller.tell(None)

    def _hand_out(self, activity: str, poller: Poller) -> bool:
        offered = self.offered.get(activity)
        while offered:
            execution, request = offered.popleft()
            if request.pending_id in execution.pending:
                poller.waiting = False
                self.engine.deliver(execution, request.pending_id, "started", poller.worker)
                poller.tell({"taskToken": request.token, "input": encode(request.payload)})
                return True
        return False


def describe(execution: Execution, texts: bool) -> dict[str, Any]:
    """What `.sync` (input and output as texts) and `.sync:2` (as JSON) say of an execution that has ended."""
    shape = encode if texts else lambda value: value
    shown = {
        "ExecutionArn": execution.arn,
        "Input": shape(execution.input),
        "InputDetails": {"Included": True},
        "Name": execution.name,
        "Output": shape(execution.output),
        "OutputDetails": {"Included": True},
        "Error": execution.error,
        "Cause": execution.cause,
        "StartDate": int(execution.started_at * 1000),
        "StateMachineArn": execution.machine.arn,
        "Status": execution.status,
        "StopDate": int((execution.stopped_at or 0) * 1000),
    }
    shown["RedriveCount"] = execution.redrive_count
    if execution.status == SUCCEEDED:
        shown["RedriveStatus"] = "NOT_REDRIVABLE"
        shown["RedriveStatusReason"] = "Execution is SUCCEEDED and cannot be redriven"
    else:
        shown["RedriveStatus"] = "REDRIVABLE"
        del shown["Output"], shown["OutputDetails"]
    return {name: value for name, value in shown.items() if value is not None or name == "Output"}


def _as_sdk(complete: Complete) -> Complete:
    """The answer of ``aws-sdk:sfn:getActivityTask``."""

    def tell(task: dict[str, Any] | None) -> None:
        complete({} if task is None else {"TaskToken": task["taskToken"], "Input": task["input"]})

    return tell


def _document(text: Any) -> Any:
    return parsed(text) if isinstance(text, str) else text


def _parsed(value: Any) -> Any:
    """The optimized integration takes JSON; a text that holds JSON is taken for what it holds."""
    if not isinstance(value, str):
        return value
    try:
        return parsed(value)
    except ValueError:
        return value
