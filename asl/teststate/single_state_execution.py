"""The execution of a single-state test: the engine's own code around one state.

The next states need not exist: entering one ends the test.
"""

from __future__ import annotations

import json
from typing import Any

from asl.engine.definition import compile_graph, compile_state
from asl.engine.execution import Execution
from asl.engine.execution_thread import ExecutionThread, State
from asl.engine.graph import Graph
from asl.engine.identity import EXPRESS
from asl.engine.machine import Machine
from asl.engine.requests import Complete, TaskRequest
from asl.engine.states.error_handling import Backoff
from asl.engine.states.wait import Wait
from asl.engine.task_functions import failure_of
from asl.language.documents import encode
from asl.teststate.inspection import inspect_state
from asl.teststate.mocked_states import MockedMap, MockedParallel, NextStateStub, NextStateStubs
from asl.teststate.single_state import SingleStateTest


def run_single_state(test: SingleStateTest) -> SingleStateExecution:
    """Run the state until it ends, waits for a retry, or leads to another state."""
    state = _compile_state(test)
    inspect_state(state, test.inspection)
    execution = SingleStateExecution(test, SingleStateMachine(state, test.role_arn))
    execution.run()
    return execution


def _compile_state(test: SingleStateTest) -> State:
    jsonata = test.spec.get("QueryLanguage", test.language) == "JSONata"
    kind = test.spec["Type"]
    if kind == "Parallel":
        branches = [compile_graph(branch, test.language) for branch in test.spec["Branches"]]
        state: State = MockedParallel(test, branches, jsonata)
    elif kind == "Map":
        processor = test.spec.get("ItemProcessor") or test.spec["Iterator"]
        state = MockedMap(test, compile_graph(processor, test.language), jsonata)
    else:
        state = compile_state(test.name, test.spec, test.language)
    state.link(NextStateStubs())
    return state


class SingleStateMachine(Machine):
    """A state machine of one compiled state."""

    def __init__(self, state: State, role_arn: str) -> None:
        account = role_arn.split(":")[4] if role_arn.count(":") >= 5 else ""
        self.name = "TestState"
        self.type = EXPRESS
        self.region, self.account = "us-east-1", account or "123456789012"
        self.arn = f"arn:aws:states:{self.region}:{self.account}:stateMachine:{self.name}"
        self.role_arn = role_arn
        self.timeout_seconds = None
        self.graph = Graph(state, {state.name: state})


class _SingleStateThread(ExecutionThread):
    """The execution's only thread, with the context object of the test."""

    __slots__ = ("test_context",)

    test_context: dict[str, Any] | None

    def context(self) -> dict[str, Any]:
        if self.test_context is not None:
            return dict(self.test_context)
        context = super().context()
        context["State"] = {**context["State"], "RetryCount": 0}
        return context


class SingleStateExecution(Execution):
    """The execution of one state; status, output, error and cause are the engine's."""

    def __init__(self, test: SingleStateTest, machine: Machine) -> None:
        self.test = test
        arn = machine.execution_arn("test", "1")
        super().__init__(machine, test.input, arn=arn, name="test", at=test.started_at, seed=test.seed)

    def _begin(self) -> None:
        thread = _SingleStateThread(self, self.history_builder, self, variables=self.test.variables)
        thread.test_context = self.test.context
        self.root = thread
        thread.enter(self.machine.graph.start, self.input, encode(self.input))
        retriers = getattr(thread.state, "retriers", ())
        thread.retries = [self.test.retries] * len(retriers) if self.test.retries else None

    def run(self) -> None:
        """Run the state. Its task completes at once, its timers fire at once, and a retry isn't waited for."""
        self.ready.append(self.root)
        self._drain()
        while self.outbox and self.running and not self.retrying:
            outgoing = self.outbox.pop(0)
            if outgoing.pending_id not in self.pending:
                continue
            if outgoing.request is not None:
                self._complete_task(outgoing.request)
            elif isinstance(self.root.state, Wait):
                self.deliver(self.now, outgoing.pending_id, "timer")

    def _complete_task(self, request: TaskRequest) -> None:
        mock = self.test.mock
        complete = self._completion_of(request)
        if mock is None:
            self.test.invoke(request, complete)
        else:
            complete(mock.result if mock.error is None else mock.error)

    def _completion_of(self, request: TaskRequest) -> Complete:
        def complete(outcome: Any) -> None:
            if isinstance(outcome, BaseException):
                error = failure_of(outcome)
                self.deliver(self.now, request.pending_id, "failed", {"error": error.error, "cause": error.cause})
            else:
                self.deliver(self.now, request.pending_id, "succeeded", json.loads(encode(outcome)))

        return complete

    def token(self, pending_id: int) -> str:
        """The task token in the test's context object, or the engine's."""
        task = (self.test.context or {}).get("Task", {})
        return str(task["Token"]) if "Token" in task else super().token(pending_id)

    @property
    def retrying(self) -> bool:
        return isinstance(self.root.blocker, Backoff)

    @property
    def retry_delay(self) -> float:
        """Seconds until the next attempt."""
        assert isinstance(self.root.blocker, Backoff)
        pending_id = self.root.blocker.pending_id
        return next(outgoing.due for outgoing in self.outbox if outgoing.pending_id == pending_id) - self.now

    @property
    def next_state(self) -> str | None:
        """The name of the next state; None if the state ends the execution."""
        state = self.root.state
        return state.name if isinstance(state, NextStateStub) else None
