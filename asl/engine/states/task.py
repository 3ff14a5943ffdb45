"""The Task state: one attempt after another, each a request to the world with its deadlines.

https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
"""

from __future__ import annotations

from typing import Any

from asl.engine.execution_thread import ExecutionThread
from asl.engine.history import WHOLE, failure
from asl.engine.requests import TaskRequest
from asl.engine.states.base import Resilient, attempt
from asl.language.data_flow import template, typed
from asl.language.documents import data_limit, encode, too_large
from asl.language.errors import StatesError
from asl.language.jsonpath import compile_path
from asl.language.resources import Integration, parse_resource
from asl.language.retry import HeartbeatTimeout
from asl.language.scope import Expression, Scope

EVENTS = {"lambda": "LambdaFunction", "activity": "Activity", "service": "Task"}


class Task(Resilient):
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html"""

    def __init__(self, name: str, spec: dict[str, Any], jsonata: bool) -> None:
        super().__init__(name, spec, jsonata)
        self.resource: str = spec["Resource"]
        self.integration: Integration = parse_resource(self.resource)
        self.prefix = EVENTS[self.integration.kind]
        self.has_token = self.integration.waits_for_token or self.integration.kind == "activity"
        self.timeout = self._seconds("TimeoutSeconds")
        self.heartbeat = self._seconds("HeartbeatSeconds")
        credentials = spec.get("Credentials")
        self.credentials = None if credentials is None else template(credentials, "Credentials", jsonata)

    def _seconds(self, field: str) -> Expression | None:
        """TimeoutSeconds or HeartbeatSeconds: a number, an expression, or by path. None if there is no limit."""
        if f"{field}Path" in self.spec:
            return compile_path(self.spec[f"{field}Path"])
        if field not in self.spec:
            return None
        return typed(self.spec[field], field, self.jsonata, "number")

    def run(self, thread: ExecutionThread) -> bool:
        """Begin an attempt. Everything is evaluated anew: the context knows how many there were."""
        execution = thread.execution
        scope = thread.scope()
        pending_id = execution.last_pending_id + 1
        token = execution.token(pending_id) if self.has_token else None
        if token is not None:
            scope.context["Task"] = {"Token": token}
        timeout, heartbeat = self._limit(self.timeout, scope), self._limit(self.heartbeat, scope)
        payload = self.fields.effective(scope)
        request = TaskRequest(
            self.resource, payload, self.integration, self.name, thread.trace.arn, thread.trace.name, scope.context,
            attempt(thread), pending_id, token, timeout, heartbeat,
            None if self.credentials is None else self.credentials(scope),
        )  # fmt: skip
        thread.frame = Attempt(self, thread, request)
        return False

    @staticmethod
    def _limit(read: Expression | None, scope: Scope) -> float | None:
        if read is None:
            return None
        value = read(scope)
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise StatesError("States.Runtime", f"A timeout must be a positive integer but was: {encode(value)}")
        return value

    def answered(self, thread: ExecutionThread, result: Any) -> bool:
        try:
            return self.complete(thread, result)
        except StatesError as error:
            return self.fault(thread, self.explained(thread, error))

    # How its events read.

    def place(self) -> dict[str, Any]:
        """What every event of a service integration repeats."""
        integration = self.integration
        if integration.kind != "service":
            return {}
        return {"resourceType": integration.service, "resource": integration.action + integration.pattern}

    def scheduled(self, request: TaskRequest, region: str) -> dict[str, Any]:
        details = self.place()
        text = encode(request.payload)
        if details:
            details |= {"region": region, "parameters": text}
        else:
            details = {"resource": self.resource, "input": text, "inputDetails": WHOLE}
        if request.timeout_seconds is not None:
            details["timeoutInSeconds"] = request.timeout_seconds
        if request.heartbeat_seconds is not None:
            details["heartbeatInSeconds"] = request.heartbeat_seconds
        if request.credentials is not None:
            details["taskCredentials"] = {"roleArn": request.credentials.get("RoleArn")}
        return details


class Attempt:
    """One attempt of a task, from its scheduling to its outcome."""

    __slots__ = ("deadline", "pulse", "request", "state", "thread")

    def __init__(self, state: Task, thread: ExecutionThread, request: TaskRequest) -> None:
        self.state = state
        self.thread = thread
        self.request = request
        execution = thread.execution
        pending_id = execution.await_outcome(self._outcome)
        assert pending_id == request.pending_id
        thread.add(f"{state.prefix}Scheduled", state.scheduled(request, execution.machine.region))
        if state.integration.kind != "activity":
            thread.add(f"{state.prefix}Started", state.place() or None)
        execution.request(request)
        self.deadline = self.pulse = 0
        if request.timeout_seconds is not None:
            self.deadline = execution.timer(execution.now + request.timeout_seconds, self._timed_out)
        self._beat()

    def _beat(self) -> None:
        """(Re)start the heartbeat timer."""
        if self.request.heartbeat_seconds is not None:
            execution = self.thread.execution
            execution.pending.pop(self.pulse, None)
            self.pulse = execution.timer(execution.now + self.request.heartbeat_seconds, self._missed)

    def _outcome(self, kind: str, data: Any) -> None:
        thread, state = self.thread, self.state
        if kind == "succeeded":
            self._succeeded(data)
        elif kind == "failed":
            self._forget()
            thread.add(f"{state.prefix}Failed", state.place() | failure(data["error"], data["cause"]))
            self._failed(StatesError(data["error"], data["cause"]))
        elif kind == "submitted":
            self.request.submitted = data
            thread.add("TaskSubmitted", state.place() | {"output": encode(data), "outputDetails": WHOLE})
        elif kind == "heartbeat":
            self._beat()
        elif kind == "started":
            self.request.started = True
            thread.add("ActivityStarted", {"workerName": data} if data else {})
            self._beat()

    def _succeeded(self, result: Any) -> None:
        self._forget()
        thread, state = self.thread, self.state
        text = encode(result)
        if too_large(text):
            error = data_limit(state.resource)
            thread.add(f"{state.prefix}Failed", state.place() | failure(error.error, error.cause))
            self._failed(error)
            return
        thread.add(f"{state.prefix}Succeeded", state.place() | {"output": text, "outputDetails": WHOLE})
        thread.frame = None
        if state.answered(thread, result):
            thread.execution.ready.append(thread)

    def _timed_out(self, kind: str, data: Any) -> None:
        self._late(StatesError("States.Timeout"))

    def _missed(self, kind: str, data: Any) -> None:
        self._late(HeartbeatTimeout())

    def _late(self, error: StatesError) -> None:
        self.abort()
        self.thread.add(f"{self.state.prefix}TimedOut", self.state.place() | failure(error.error, error.cause))
        self._failed(error)

    def _failed(self, error: StatesError) -> None:
        self.thread.frame = None
        if self.state.fault(self.thread, error):
            self.thread.execution.ready.append(self.thread)

    def _forget(self) -> None:
        pending = self.thread.execution.pending
        for pending_id in (self.request.pending_id, self.deadline, self.pulse):
            pending.pop(pending_id, None)

    def abort(self) -> None:
        self._forget()
        self.thread.execution.dropped.append(self.request)

    def revive(self) -> bool:
        return False
