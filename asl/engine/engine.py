"""An engine: many executions on one clock, in one thread.

It runs the tasks that executions ask for, wakes their timers and hands them outcomes, one event after another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Any, TypeVar
from uuid import UUID

from asl.engine.activities import ActivityQueues
from asl.engine.clock import EngineClock
from asl.engine.definition import StateMachine
from asl.engine.errors import ExecutionAlreadyExists, NoTask, TaskDoesNotExist
from asl.engine.event_loop import Entry, EventLoop
from asl.engine.execution import REDRIVABLE_STATUSES, Execution
from asl.engine.requests import Complete, Invoke, TaskRequest
from asl.engine.step_functions_integration import StepFunctionsIntegration
from asl.engine.task_functions import NEVER, After, Callback, Tasks, failure_of, function_invoker
from asl.language.documents import json_copy

AnyMachine = TypeVar("AnyMachine", bound=StateMachine)


class Engine(EventLoop):
    """Runs executions.

    Args:
        clock: a VirtualClock by default.
        seed: decides names, tokens, jitter, UUIDs.
        invoke: runs a task request and completes it; or
        tasks: functions by name, see asl.engine.task_functions.
        journal: called with every entry before it takes effect; `resume` takes the entries back.
    """

    def __init__(
        self,
        *,
        clock: EngineClock | None = None,
        seed: int = 0,
        invoke: Invoke | None = None,
        tasks: Tasks | None = None,
        journal: Callable[[Entry], None] | None = None,
    ) -> None:
        super().__init__(clock, journal)
        self.seed = seed
        self.invoke: Invoke = invoke or function_invoker(tasks or {})
        self.around: Callable[[Engine, Invoke], Invoke] | None = None
        """Wraps the call of every task, the engine's own integrations too, so that faults can be injected."""
        self.has_ended: Callable[[str], bool] = lambda arn: False
        """Whether there was an execution of this ARN, for a driver that takes ended ones out of ``executions``."""
        self.machines: dict[str, StateMachine] = {}
        self.executions: dict[str, Execution] = {}
        self.watchers: dict[str, list[Callable[[Execution], None]]] = {}
        self.activities = ActivityQueues(self)
        self.step_functions = StepFunctionsIntegration(self)
        self._names = Random(f"names:{seed}")

    # Machines and executions.

    def add(self, machine: AnyMachine) -> AnyMachine:
        """Make a machine known by its ARN, so that others can start it."""
        self.machines[machine.arn] = machine
        return machine

    def unique(self) -> str:
        """A new id; the same seed gives the same ids."""
        return str(UUID(int=self._names.getrandbits(128), version=4))

    def start(self, machine: StateMachine, input: Any, *, name: str | None = None) -> Execution:
        """Start an execution; what needs no waiting has been done when this returns.

        A running execution of that name with the same input is returned as it is, as StartExecution does.
        Raises ExecutionAlreadyExists.
        """
        self.machines.setdefault(machine.arn, machine)
        unnamed, name = name is None, name or self.unique()
        arn = machine.execution_arn(name, self.unique() if machine.type == "EXPRESS" else "")
        if unnamed and arn in self.executions:  # a resumed engine draws the same names again
            return self.start(machine, input)
        existing = self.executions.get(arn)
        if existing is not None and existing.running and existing.input == input:
            return existing
        if existing is not None or self.has_ended(arn):
            raise ExecutionAlreadyExists(arn)
        self.write_entry("started", arn, machine=machine.arn, name=name, input=input, seed=self.seed)
        execution = self.executions[arn] = Execution(machine, input, arn=arn, name=name, at=self.now, seed=self.seed)
        self.follow_up(execution)
        return execution

    def stop(self, execution: Execution, error: str | None = None, cause: str | None = None) -> None:
        """StopExecution. An execution that has ended stays as it is."""
        if execution.running:
            self.write_entry("stopped", execution.arn, error=error, cause=cause)
            execution.stop(self.now, error, cause)
            self.follow_up(execution)

    def redrive(self, execution: Execution) -> None:
        """RedriveExecution: go on from the states that failed. Raises ValueError if there is nothing to redrive."""
        if execution.status not in REDRIVABLE_STATUSES or execution.machine.type != "STANDARD":
            raise ValueError(f"Execution is {execution.status} and cannot be redriven")
        self.write_entry("redriven", execution.arn)
        execution.redrive(self.now)
        self.follow_up(execution)

    def on_end(self, execution: Execution, callback: Callable[[Execution], None]) -> None:
        """Call back when the execution ends; at once if it has."""
        self.watch(execution.arn, callback)

    def watch(self, arn: str, callback: Callable[[Execution], None]) -> None:
        """``on_end`` by ARN, for an execution that may be yet to be resumed."""
        execution = self.executions.get(arn)
        if execution is None or execution.running:
            self.watchers.setdefault(arn, []).append(callback)
        else:
            callback(execution)

    # Outcomes.

    def send_task_success(self, token: str, output: Any) -> None:
        """SendTaskSuccess; `output` is a JSON value. Raises TaskDoesNotExist."""
        self.answer_token(token, "succeeded", output)

    def send_task_failure(self, token: str, error: str | None = None, cause: str | None = None) -> None:
        """SendTaskFailure. Raises TaskDoesNotExist."""
        self.answer_token(token, "failed", {"error": error or "", "cause": cause})

    def send_task_heartbeat(self, token: str) -> None:
        """SendTaskHeartbeat. Raises TaskDoesNotExist."""
        self.answer_token(token, "heartbeat", None)

    def answer_token(self, token: str, kind: str, data: Any) -> None:
        """Hand a token's outcome ("succeeded", "failed" or "heartbeat") to the task that waits for it.

        The task may be answered before the call that got the token has returned. The attempt then keeps the answer
        until the call ends, for TaskSubmitted comes first; whether the call succeeds doesn't matter any more.
        Raises TaskDoesNotExist.
        """
        execution, request = self.tokens.get(token, (None, None))
        if execution is None or request is None or request.pending_id not in execution.pending or request.early_answer:
            raise TaskDoesNotExist
        if kind != "heartbeat" and request.integration.waits_for_token and request.submitted is None:
            kind, data = "answered", {"kind": kind, "data": data}
        self.deliver(execution, request.pending_id, kind, data)

    def execution_ended(self, execution: Execution) -> None:
        for callback in self.watchers.pop(execution.arn, ()):
            callback(execution)

    # Tasks.

    def rejoin_task(self, execution: Execution, request: TaskRequest) -> None:
        self.step_functions.rejoin_child(execution, request)

    def drop_task(self, request: TaskRequest) -> None:
        self.step_functions.stop_child(request)

    def run_task(self, execution: Execution, request: TaskRequest) -> None:
        def complete(answer: Any) -> None:
            self._complete(execution, request, answer)

        def run(request: TaskRequest, complete: Complete) -> None:
            integration = request.integration
            if integration.kind == "activity":
                self.activities.offer(execution, request)
            elif integration.kind == "service" and self.step_functions.handles(request):
                self.step_functions.call(execution, request, complete)
            else:
                self.invoke(request, complete)

        try:
            (self.around(self, run) if self.around else run)(request, complete)
        except NoTask:
            raise
        except Exception as error:  # an invoke that raises has failed the task
            complete(error)

    def _complete(self, execution: Execution, request: TaskRequest, answer: Any, delay: float = 0) -> None:
        """Post the outcome that a task's answer is."""
        pattern = request.integration.pattern
        if isinstance(answer, After):
            self._complete(execution, request, answer.answer, delay + answer.seconds)
        elif isinstance(answer, Callback):
            self._complete_later(execution, request, answer.answer, delay)
        elif isinstance(answer, BaseException):
            error = failure_of(answer)
            self.post(execution, request.pending_id, "failed", {"error": error.error, "cause": error.cause}, delay)
        elif pattern.startswith(".sync"):
            self._complete_later(execution, request, answer, delay)
        elif answer is not NEVER:
            kind, data = _json_outcome("submitted" if pattern else "succeeded", answer)
            self.post(execution, request.pending_id, kind, data, delay)

    def _complete_later(self, execution: Execution, request: TaskRequest, answer: Any, delay: float) -> None:
        """The call returns at once, and the job or the token has its own answer."""
        if isinstance(answer, After):
            delay, answer = delay + answer.seconds, answer.answer
        if request.integration.pattern:
            self.post(execution, request.pending_id, "submitted", {})
        if isinstance(answer, BaseException):
            self._complete(execution, request, answer, delay)
        elif answer is not NEVER:
            self.post(execution, request.pending_id, *_json_outcome("succeeded", answer), delay)

    # After a crash.

    def resume(self, entries: Iterable[Entry], machine: StateMachine | None = None) -> Execution:
        """Bring an execution back from its journal after a crash, and go on with it.

        What the journal holds isn't done again: finished tasks stay finished, callbacks keep waiting under their
        tokens, timers keep their moments. Tasks that were in flight are invoked once more.
        """
        first, *rest = entries
        machine = machine or self.machines[first["machine"]]
        self.machines.setdefault(machine.arn, machine)
        arn = first["execution"]
        execution = Execution(
            machine, first["input"], arn=arn, name=first["name"], at=first["time"], seed=first["seed"]
        )
        for entry in rest:
            replay(execution, entry)
        self.executions[arn] = execution
        for outbox_entry in execution.outbox:
            if outbox_entry.request is not None:
                outbox_entry.due = max(outbox_entry.due, self.now)
        self.schedule_outbox(execution)
        if not execution.running:
            self.execution_ended(execution)
        return execution


def _json_outcome(kind: str, answer: Any) -> tuple[str, Any]:
    """The outcome, with the answer as pure JSON of the engine's own; what isn't JSON is a failure."""
    try:
        return kind, json_copy(answer)
    except (TypeError, ValueError, RecursionError) as error:
        return "failed", {"error": "Runtime.MarshalError", "cause": f"Unable to marshal response: {error}"}


def replay(execution: Execution, entry: Mapping[str, Any]) -> None:
    """Apply one entry of the journal."""
    kind, at = entry["entry"], entry["time"]
    if kind == "outcome":
        execution.deliver(at, entry["pending_id"], entry["kind"], entry["data"])
    elif kind == "stopped":
        execution.stop(at, entry["error"], entry["cause"])
    elif kind == "redriven":
        execution.redrive(at)
