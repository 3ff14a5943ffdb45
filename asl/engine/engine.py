"""Many executions on one clock, in one thread.

The engine gives executions what they want: it runs tasks, wakes timers, hands outcomes over, one step after another in
order of time. With a virtual clock `run` moves time itself. With a real clock a driver asks `next_due` when to call
`run_due`; between the two nothing polls and nothing sleeps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Any
from uuid import UUID

from asl.engine.clock import Clock, VirtualClock
from asl.engine.event_queue import EventQueue, ScheduledEvent
from asl.engine.execution import RUNNING, Execution, OutboxEntry
from asl.engine.machine import Machine
from asl.engine.requests import Complete, Invoke, TaskRequest
from asl.engine.step_functions import StatesApi
from asl.engine.task_functions import NEVER, After, Callback, NoTask, Tasks, failure_of, through
from asl.language.documents import encode, parsed
from asl.language.errors import StatesError

Entry = dict[str, Any]
"""A line of the journal. ``entry`` is started, outcome, stopped, redriven or ended; all else depends on it."""


class TaskDoesNotExist(LookupError):
    """The token belongs to no task that waits; TaskTimedOut at AWS once it did."""


class ExecutionAlreadyExists(ValueError):
    """An execution of that name has another input, or has ended."""


class Engine:
    """Runs executions.

    Args:
        clock: a VirtualClock unless given.
        seed: decides names, tokens, jitter, UUIDs.
        invoke: runs a task request and completes it; or
        tasks: functions by name, see asl.engine.task_functions.
        journal: called with every entry before it takes effect; what it kept, `resume` takes.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        seed: int = 0,
        invoke: Invoke | None = None,
        tasks: Tasks | None = None,
        journal: Callable[[Entry], None] | None = None,
    ) -> None:
        self.clock: Clock = clock or VirtualClock()
        self.seed = seed
        self.invoke: Invoke = invoke or through(tasks or {})
        self.journal = journal
        self.around: Callable[[Engine, Invoke], Invoke] | None = None
        """Stands between the engine and every task, its own integrations too: for whoever makes faults happen."""
        self.has_ended: Callable[[str], bool] = lambda arn: False
        """Whether there was an execution of this ARN: for whoever takes ended ones out of ``executions``."""
        self.machines: dict[str, Machine] = {}
        self.executions: dict[str, Execution] = {}
        self.event_queue = EventQueue()
        self.tokens: dict[str, tuple[Execution, TaskRequest]] = {}
        self.early: dict[tuple[str, int], tuple[str, Any]] = {}
        self.watchers: dict[str, list[Callable[[Execution], None]]] = {}
        self.api = StatesApi(self)
        self._names = Random(f"names:{seed}")

    @property
    def now(self) -> float:
        return self.clock.now()

    # Machines and executions.

    def add(self, machine: Machine) -> Machine:
        """Make a machine known by its ARN, so that others can start it."""
        self.machines[machine.arn] = machine
        return machine

    def unique(self) -> str:
        """A new id; the same ones come again with the same seed."""
        return str(UUID(int=self._names.getrandbits(128), version=4))

    def start(self, machine: Machine, input: Any, *, name: str | None = None) -> Execution:
        """Start an execution; what needs no waiting has been done when this returns.

        A running execution of that name with the same input is returned as it is, as StartExecution does.
        Raises ExecutionAlreadyExists.
        """
        self.machines.setdefault(machine.arn, machine)
        given, name = name, name or self.unique()
        arn = machine.execution_arn(name, self.unique() if machine.type == "EXPRESS" else "")
        if given is None and arn in self.executions:  # a resumed engine draws its names anew
            return self.start(machine, input)
        existing = self.executions.get(arn)
        if existing is not None and existing.running and existing.input == input:
            return existing
        if existing is not None or self.has_ended(arn):
            raise ExecutionAlreadyExists(f"Execution Already Exists: '{arn}'")
        started = {"machine": machine.arn, "name": name, "input": input, "seed": self.seed}
        self._write("started", arn, **started)
        execution = self.executions[arn] = Execution(machine, input, arn=arn, name=name, at=self.now, seed=self.seed)
        self._collect(execution)
        return execution

    def stop(self, execution: Execution, error: str | None = None, cause: str | None = None) -> None:
        """StopExecution. An execution that has ended stays as it is."""
        if execution.running:
            self._write("stopped", execution.arn, error=error, cause=cause)
            execution.stop(self.now, error, cause)
            self._collect(execution)

    def redrive(self, execution: Execution) -> None:
        """RedriveExecution: go on from the states that failed. Raises ValueError if there is nothing to redrive."""
        if execution.status not in ("FAILED", "TIMED_OUT", "ABORTED") or execution.machine.type != "STANDARD":
            raise ValueError(f"Execution is {execution.status} and cannot be redriven")
        self._write("redriven", execution.arn)
        execution.redrive(self.now)
        self._collect(execution)

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

    # Time.

    def run(self) -> None:
        """Do all that is to be done, moving virtual time as far as it takes."""
        while self.step() is not None:
            pass

    def step(self, which: ScheduledEvent | None = None) -> ScheduledEvent | None:
        """Do the next step, or `which` of those that `due_now` lists; returns it, or None if there was none."""
        if which is None:
            step = self.event_queue.pop()
            if step is None:
                return None
        else:
            self.event_queue.take(step := which)
        if isinstance(self.clock, VirtualClock):
            self.clock.move_to(step.due)
        self._do(step)
        return step

    def due_now(self) -> list[ScheduledEvent]:
        """The steps that may come next without time passing: those due now, or at the next moment when anything is."""
        first = self.event_queue.peek()
        return [] if first is None else self.event_queue.due(max(first.due, self.now))

    def next_due(self) -> float | None:
        """When the next step is due, in the clock's seconds; None if nothing is to be done."""
        step = self.event_queue.peek()
        return None if step is None else step.due

    def run_due(self, now: float | None = None) -> int:
        """Do all that is due by now; returns how many steps that took."""
        limit = self.now if now is None else now
        count = 0
        while (step := self.event_queue.peek()) is not None and step.due <= limit:
            self.step()
            count += 1
        return count

    def advance(self, seconds: float) -> None:
        """Let virtual time pass, with all that happens in it."""
        clock = self.clock
        if not isinstance(clock, VirtualClock):
            raise TypeError("only a virtual clock can be advanced")
        until = clock.now() + seconds
        self.run_due(until)
        clock.move_to(until)

    def call_at(self, moment: float, function: Callable[[], None]) -> ScheduledEvent:
        """Call a function as a step of its own."""
        return self.event_queue.add(ScheduledEvent(moment, "call", data=function))

    # Outcomes from outside.

    def post(self, execution: Execution, pending_id: int, kind: str, data: Any = None, delay: float = 0) -> None:
        """Hand an outcome to an execution, as a step of its own."""
        self.event_queue.add(ScheduledEvent(self.now + delay, kind, execution, pending_id, data))

    def send_task_success(self, token: str, output: Any) -> None:
        """SendTaskSuccess; `output` is a JSON value. Raises TaskDoesNotExist."""
        self._answer(token, "succeeded", output)

    def send_task_failure(self, token: str, error: str | None = None, cause: str | None = None) -> None:
        """SendTaskFailure. Raises TaskDoesNotExist."""
        self._answer(token, "failed", {"error": error or "", "cause": cause})

    def send_task_heartbeat(self, token: str) -> None:
        """SendTaskHeartbeat. Raises TaskDoesNotExist."""
        self._answer(token, "heartbeat", None)

    def _answer(self, token: str, kind: str, data: Any) -> None:
        waiting = self.tokens.get(token)
        if waiting is None or waiting[1].pending_id not in waiting[0].pending:
            raise TaskDoesNotExist("Task Timed Out: 'Provided task does not exist anymore'")
        execution, request = waiting
        if kind != "heartbeat" and request.integration.waits_for_token and request.submitted is None:
            self.early.setdefault((execution.arn, request.pending_id), (kind, data))
        else:
            self.deliver(execution, request.pending_id, kind, data)

    def deliver(self, execution: Execution, pending_id: int, kind: str, data: Any) -> None:
        """Hand over an outcome now."""
        if pending_id not in execution.pending:
            return
        early = self.early.pop((execution.arn, pending_id), None)
        if early is not None and kind == "failed":  # the token was answered before the call that gave it out failed
            (kind, data), early = early, None
        self._write("outcome", execution.arn, pending_id=pending_id, kind=kind, data=data)
        execution.deliver(self.now, pending_id, kind, data)
        self._collect(execution)
        if early is not None:
            self.deliver(execution, pending_id, *early)

    # The work.

    def _do(self, step: ScheduledEvent) -> None:
        if step.kind == "call":
            step.data()
        elif step.kind == "invoke":
            assert step.request is not None
            assert step.execution is not None
            self._invoke(step.execution, step.request)
        elif step.execution is not None:
            self.deliver(step.execution, step.pending_id, step.kind, step.data)

    def _invoke(self, execution: Execution, request: TaskRequest) -> None:
        def complete(answer: Any) -> None:
            self._complete(execution, request, answer)

        def run(request: TaskRequest, complete: Complete) -> None:
            if self.api.takes(request):
                self.api.call(execution, request, complete)
            else:
                self.invoke(request, complete)

        try:
            (self.around(self, run) if self.around else run)(request, complete)
        except NoTask:
            raise
        except Exception as error:  # an invoke that raises has failed the task
            complete(error)

    def _complete(self, execution: Execution, request: TaskRequest, answer: Any, delay: float = 0) -> None:
        if isinstance(answer, After):
            self._complete(execution, request, answer.answer, delay + answer.seconds)
        elif isinstance(answer, Callback):
            self._complete_later(execution, request, answer.answer, delay)
        elif isinstance(answer, BaseException):
            error = failure_of(answer)
            self.post(execution, request.pending_id, "failed", {"error": error.error, "cause": error.cause}, delay)
        elif request.integration.pattern.startswith(".sync"):
            self._complete_later(execution, request, answer, delay)
        elif answer is not NEVER:
            kind = "submitted" if request.integration.waits_for_token else "succeeded"
            self.post(execution, request.pending_id, *self._json(kind, answer), delay)

    def _complete_later(self, execution: Execution, request: TaskRequest, answer: Any, delay: float) -> None:
        """The call is taken, and the token or job answers right after."""
        if isinstance(answer, After):
            delay, answer = delay + answer.seconds, answer.answer
        if request.integration.pattern:
            self.post(execution, request.pending_id, "submitted", {})
        if isinstance(answer, BaseException):
            self._complete(execution, request, answer, delay)
        elif answer is not NEVER:
            self.post(execution, request.pending_id, *self._json("succeeded", answer), delay)

    @staticmethod
    def _json(kind: str, answer: Any) -> tuple[str, Any]:
        """The outcome, with the answer as pure JSON of the engine's own; what isn't JSON is a failure."""
        try:
            return kind, parsed(encode(answer))
        except (TypeError, ValueError, RecursionError) as error:
            return "failed", {"error": "Runtime.MarshalError", "cause": f"Unable to marshal response: {error}"}

    def _collect(self, execution: Execution) -> None:
        """Take what the execution wants; tell those who wait for its end."""
        for wanted in execution.outbox:
            if wanted.pending_id in execution.pending:
                self._plan(execution, wanted)
        execution.outbox.clear()
        if execution.dropped:
            self._drop(execution)
        if execution.status != RUNNING:
            self._ended(execution)

    def _drop(self, execution: Execution) -> None:
        for request in execution.dropped:
            self.api.stop_child(request)
        execution.dropped.clear()

    def _plan(self, execution: Execution, wanted: OutboxEntry) -> None:
        request = wanted.request
        if request is None:
            self.event_queue.add(ScheduledEvent(wanted.due, "timer", execution, wanted.pending_id))
            return
        if request.token is not None:
            self.tokens[request.token] = (execution, request)
        if request.submitted is not None:
            self.api.rejoin(execution, request)
        elif not (request.integration.kind == "activity" and request.started):
            due = max(wanted.due, self.now)
            self.event_queue.add(ScheduledEvent(due, "invoke", execution, wanted.pending_id, request=request))

    def _ended(self, execution: Execution) -> None:
        self._write("ended", execution.arn, status=execution.status)
        self._tell(execution)

    def _tell(self, execution: Execution) -> None:
        """Tell those who wait for its end, if it has ended."""
        if execution.running:
            return
        for callback in self.watchers.pop(execution.arn, ()):
            callback(execution)

    def _write(self, entry: str, arn: str, **fields: Any) -> None:
        if self.journal is not None:
            self.journal({"entry": entry, "execution": arn, "time": self.now, **fields})

    # After a crash.

    def resume(self, entries: Iterable[Entry], machine: Machine | None = None) -> Execution:
        """Bring an execution back from its journal, and go on with it.

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
        for wanted in execution.outbox:
            if wanted.pending_id in execution.pending:
                self._plan(execution, wanted)
        execution.outbox.clear()
        self._drop(execution)
        self._tell(execution)
        return execution


def replay(execution: Execution, entry: Mapping[str, Any]) -> None:
    """Apply one entry of the journal."""
    kind, at = entry["entry"], entry["time"]
    if kind == "outcome":
        execution.deliver(at, entry["pending_id"], entry["kind"], entry["data"])
    elif kind == "stopped":
        execution.stop(at, entry["error"], entry["cause"])
    elif kind == "redriven":
        execution.redrive(at)


__all__ = ["Engine", "ExecutionAlreadyExists", "StatesError", "TaskDoesNotExist", "replay"]
