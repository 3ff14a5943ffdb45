"""The Task state: one attempt after another, each a request to the engine with its deadlines.

https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
"""

from __future__ import annotations

from typing import Any

from asl.engine.execution_thread import ExecutionThread
from asl.engine.history import WHOLE, failure
from asl.engine.requests import TaskRequest
from asl.engine.states.error_handling import ErrorHandlingState
from asl.language.data_flow import compile_payload, compile_typed_field
from asl.language.documents import encode, encode_result
from asl.language.errors import StatesError
from asl.language.jsonpath import compile_path
from asl.language.resources import Integration, parse_resource
from asl.language.retry import HeartbeatTimeout
from asl.language.scope import Expression, Scope

EVENT_PREFIXES = {"lambda": "LambdaFunction", "activity": "Activity", "service": "Task"}


class Task(ErrorHandlingState):
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html

    Attributes:
        event_prefix: how the types of its events begin.
        event_details: what every event of a service integration repeats.
    """

    def __init__(self, name: str, spec: dict[str, Any], jsonata: bool) -> None:
        super().__init__(name, spec, jsonata)
        self.resource: str = spec["Resource"]
        self.integration: Integration = parse_resource(self.resource)
        self.event_prefix = EVENT_PREFIXES[self.integration.kind]
        self.event_details: dict[str, Any] = {}
        if self.integration.kind == "service":
            action = self.integration.action + self.integration.pattern
            self.event_details = {"resourceType": self.integration.service, "resource": action}
        self.has_token = self.integration.waits_for_token or self.integration.kind == "activity"
        self.timeout = self._compile_limit("TimeoutSeconds")
        self.heartbeat = self._compile_limit("HeartbeatSeconds")
        credentials = spec.get("Credentials")
        self.credentials = None if credentials is None else compile_payload(credentials, "Credentials", jsonata)

    def _compile_limit(self, field: str) -> Expression | float | None:
        """TimeoutSeconds or HeartbeatSeconds: a number, or an expression or path for one. None if there is no limit."""
        if f"{field}Path" in self.spec:
            return compile_path(self.spec[f"{field}Path"])
        value = self.spec.get(field)
        is_limit = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
        return value if value is None or is_limit else compile_typed_field(value, field, self.jsonata, "number")

    def run(self, thread: ExecutionThread) -> bool:
        """Begin an attempt. All fields are evaluated again: the context object holds the number of the attempt."""
        scope, execution = thread.scope(), thread.execution
        pending_id = execution.last_pending_id + 1
        token = execution.token(pending_id) if self.has_token else None
        if token is not None:
            scope.context["Task"] = {"Token": token}
        timeout = _evaluate_limit(self.timeout, scope) if callable(self.timeout) else self.timeout
        heartbeat = _evaluate_limit(self.heartbeat, scope) if callable(self.heartbeat) else self.heartbeat
        payload = self.fields.effective(scope)
        builder = thread.history_builder
        request = TaskRequest(
            self.resource, payload, self.integration, self.name, builder.arn, builder.name, scope.context,
            thread.retry_count, pending_id, token, timeout, heartbeat,
            None if self.credentials is None else self.credentials(scope),
        )  # fmt: skip
        thread.blocker = Attempt(self, thread, request)
        return False

    def scheduled_details(self, request: TaskRequest, region: str) -> dict[str, Any]:
        """The details of the event that schedules an attempt."""
        text = encode(request.payload)
        if self.event_details:
            details: dict[str, Any] = {**self.event_details, "region": region, "parameters": text}
        else:
            details = {"resource": self.resource, "input": text, "inputDetails": WHOLE}
        if request.timeout_seconds is not None:
            details["timeoutInSeconds"] = request.timeout_seconds
        if request.heartbeat_seconds is not None:
            details["heartbeatInSeconds"] = request.heartbeat_seconds
        if request.credentials is not None:
            details["taskCredentials"] = {"roleArn": request.credentials.get("RoleArn")}
        return details


def _evaluate_limit(read: Expression, scope: Scope) -> float:
    value = read(scope)
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise StatesError("States.Runtime", f"A timeout must be a positive integer but was: {encode(value)}")
    return value


class Attempt:
    """One attempt of a task, from its scheduling to its outcome."""

    __slots__ = ("deadline", "heartbeat_timer", "request", "state", "thread")

    def __init__(self, state: Task, thread: ExecutionThread, request: TaskRequest) -> None:
        self.state = state
        self.thread = thread
        self.request = request
        execution = thread.execution
        details = state.scheduled_details(request, execution.machine.region)
        thread.record(f"{state.event_prefix}Scheduled", details)
        if state.integration.kind != "activity":
            thread.record(f"{state.event_prefix}Started", state.event_details or None)
        self.deadline = execution.request(request, self._outcome, self._timed_out)
        self.heartbeat_timer = 0
        if request.heartbeat_seconds is not None:
            self._restart_heartbeat_timer(request.heartbeat_seconds)

    def _restart_heartbeat_timer(self, seconds: float) -> None:
        execution = self.thread.execution
        execution.pending.pop(self.heartbeat_timer, None)
        self.heartbeat_timer = execution.timer(execution.now + seconds, self._missed)

    def _outcome(self, kind: str, data: Any) -> None:
        request = self.request
        if kind == "submitted":
            request.submitted = data
            details = self.state.event_details | {"output": encode(data), "outputDetails": WHOLE}
            self.thread.record("TaskSubmitted", details)
            if request.early_answer is not None:
                self._finish(*request.early_answer)
        elif kind == "answered":  # the token, before the call has returned
            request.early_answer = data["kind"], data["data"]
        elif kind in ("heartbeat", "started"):
            if kind == "started":
                request.started = True
                self.thread.record("ActivityStarted", {"workerName": data} if data else {})
            if request.heartbeat_seconds is not None:
                self._restart_heartbeat_timer(request.heartbeat_seconds)
        else:
            self._finish(*(request.early_answer or (kind, data)))  # an answered token outweighs a failed call

    def _finish(self, kind: str, data: Any) -> None:
        """End the attempt with a result or an error."""
        if kind == "failed":
            self._fail("Failed", StatesError(data["error"], data["cause"]))
            return
        self._stop_waiting()
        state, thread = self.state, self.thread
        try:
            text = encode_result(data, state.resource)
        except StatesError as error:
            self._fail("Failed", error)
            return
        thread.blocker = None
        details = {**state.event_details, "output": text, "outputDetails": WHOLE}
        thread.record(f"{state.event_prefix}Succeeded", details)
        thread.finish_state(data)

    def _fail(self, event: str, error: StatesError) -> None:
        self._stop_waiting()
        details = self.state.event_details | failure(error.error, error.cause)
        self.thread.record(f"{self.state.event_prefix}{event}", details)
        self.thread.blocker = None
        self.thread.fail_state(error)

    def _timed_out(self, kind: str, data: Any) -> None:
        self._time_out(StatesError("States.Timeout"))

    def _missed(self, kind: str, data: Any) -> None:
        self._time_out(HeartbeatTimeout())

    def _time_out(self, error: StatesError) -> None:
        if self.request.early_answer is not None:
            self._finish(*self.request.early_answer)
            return
        self.thread.execution.dropped.append(self.request)
        self._fail("TimedOut", error)

    def _stop_waiting(self) -> None:
        pending = self.thread.execution.pending
        for pending_id in (self.request.pending_id, self.deadline, self.heartbeat_timer):
            pending.pop(pending_id, None)

    def abort(self) -> None:
        self._stop_waiting()
        self.thread.execution.dropped.append(self.request)

    def redrive(self) -> bool:
        return False
