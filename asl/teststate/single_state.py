"""One state on its own, with the engine's real code around it: its outcome, and its data at every step on the way.

TestState runs on this. The states that it leads to need not exist; reaching one ends the rehearsal.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from asl.engine.definition import compile_graph, compile_state
from asl.engine.execution import Execution
from asl.engine.execution_thread import ExecutionThread, State
from asl.engine.machine import Machine
from asl.engine.requests import Complete, Invoke, TaskRequest
from asl.engine.states.error_handling import Backoff
from asl.engine.states.wait import Wait
from asl.engine.task_functions import failure_of
from asl.language.documents import encode
from asl.language.errors import StatesError
from asl.teststate.mocked_states import Anywhere, Landing, MockedMap, MockedParallel, OneState, Watched

_JSONPATH_SHOWS = {
    "Task": ("afterInputPath", "afterParameters", "result", "afterResultSelector", "afterResultPath"),
    "Pass": ("afterInputPath", "afterParameters", "afterResultSelector", "afterResultPath"),
    "Parallel": ("afterInputPath", "afterParameters", "afterResultSelector", "afterResultPath"),
    "Map": ("afterInputPath", "afterItemsPath", "afterItemSelector", "afterResultSelector", "afterResultPath"),
}
_PASS_WITH_RESULT = ("result", "afterResultSelector", "afterResultPath")
_JSONATA_SHOWS = {"Task": ("afterArguments", "result")}


@dataclass
class Rehearsal:
    """What is known before, and what comes out.

    Attributes:
        name, spec, language: the state, as its machine has it; `language` is the machine's.
        input, variables: what it starts from.
        context: the context object to show; None for one that is made up.
        role_arn: the role; its account is the machine's.
        invoke: runs a task request.
        mock: a result or an error that stands for what the state would do; None to do it.
        items: what a Map's ItemReader reads.
        failed_items: how many iterations of a Map fail, by the mocked error.
        retries: how often the retrier that matches has been used.
    """

    name: str
    spec: dict[str, Any]
    language: str
    input: Any
    invoke: Invoke
    variables: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] | None = None
    role_arn: str = "arn:aws:iam::123456789012:role/TestState"
    mock: Mock | None = None
    items: Any = None
    failed_items: int | None = None
    retries: int = 0
    at: float = 0.0
    seed: int = 0
    inspected: dict[str, Any] = field(default_factory=dict)

    def run(self) -> Stage:
        """Run the state until it ends, is to be retried, or leads to another."""
        state = self._compile()
        state.fields = Watched(state, self._shown(state))
        stage = Stage(self, OneState(state, self.role_arn))
        stage.play()
        return stage

    def _compile(self) -> State:
        own = self.spec.get("QueryLanguage", self.language)
        kind = self.spec["Type"]
        if kind == "Parallel":
            branches = [compile_graph(thread, self.language) for thread in self.spec["Branches"]]
            state: State = MockedParallel(self, branches, own == "JSONata")
        elif kind == "Map":
            processor = self.spec.get("ItemProcessor") or self.spec["Iterator"]
            state = MockedMap(self, compile_graph(processor, self.language), own == "JSONata")
        else:
            state = compile_state(self.name, self.spec, self.language)
        state.link(Anywhere())
        return state

    def _shown(self, state: State) -> Callable[[str, Any], None]:
        kind, jsonata = state.kind, state.jsonata
        names = _JSONATA_SHOWS.get(kind, ()) if jsonata else _JSONPATH_SHOWS.get(kind, ("afterInputPath",))
        if kind == "Pass" and not jsonata and "Result" in self.spec:
            names = _PASS_WITH_RESULT

        def show(name: str, value: Any) -> None:
            if name in names:
                self.inspected[name] = value

        return show


@dataclass(frozen=True)
class Mock:
    """A result, or an error, in place of the real thing."""

    result: Any = None
    error: StatesError | None = None

    def outcome(self) -> Any:
        if self.error is not None:
            raise StatesError(self.error.error, self.error.cause)
        return self.result


class _Actor(ExecutionThread):
    """The one branch: it shows the context object that the test gave."""

    __slots__ = ("given",)

    given: dict[str, Any] | None

    def context(self) -> dict[str, Any]:
        if self.given is not None:
            return dict(self.given)
        shown = super().context()
        shown["State"] = {**shown["State"], "RetryCount": 0}
        return shown


class Stage(Execution):
    """The execution around the state."""

    def __init__(self, rehearsal: Rehearsal, machine: Machine) -> None:
        self.rehearsal = rehearsal
        arn = machine.execution_arn("test", "1")
        super().__init__(machine, rehearsal.input, arn=arn, name="test", at=rehearsal.at, seed=rehearsal.seed)

    def _begin(self) -> None:
        actor = _Actor(self, self.history_builder, self, variables=self.rehearsal.variables)
        actor.given = self.rehearsal.context
        self.root = actor
        actor.enter(self.machine.graph.start, self.input, encode(self.input))
        retriers = getattr(actor.state, "retriers", ())
        actor.retries = [self.rehearsal.retries] * len(retriers) if self.rehearsal.retries else None

    def play(self) -> None:
        """Run the state; its task is answered at once, its timers are over at once, a retry isn't waited for."""
        self.ready.append(self.root)
        self._drain()
        while self.outbox and self.running and not self.retrying:
            wanted = self.outbox.pop(0)
            if wanted.pending_id not in self.pending:
                continue
            if wanted.request is not None:
                self._answer(wanted.request)
            elif isinstance(self.root.state, Wait):
                self.deliver(self.now, wanted.pending_id, "timer")

    def _answer(self, request: TaskRequest) -> None:
        mock = self.rehearsal.mock
        complete = self._completer(request)
        if mock is None:
            self.rehearsal.invoke(request, complete)
        else:
            complete(mock.result if mock.error is None else mock.error)

    def _completer(self, request: TaskRequest) -> Complete:
        def complete(answer: Any) -> None:
            if isinstance(answer, BaseException):
                error = failure_of(answer)
                self.deliver(self.now, request.pending_id, "failed", {"error": error.error, "cause": error.cause})
            else:
                self.deliver(self.now, request.pending_id, "succeeded", json.loads(encode(answer)))

        return complete

    def token(self, pending_id: int) -> str:
        """The token in the given context object, if there is one."""
        given = (self.rehearsal.context or {}).get("Task", {})
        return str(given["Token"]) if "Token" in given else super().token(pending_id)

    @property
    def retrying(self) -> bool:
        return isinstance(self.root.blocker, Backoff)

    @property
    def retry_delay(self) -> float:
        """Seconds until the attempt that would follow."""
        assert isinstance(self.root.blocker, Backoff)
        pending_id = self.root.blocker.pending_id
        return next(wanted.due for wanted in self.outbox if wanted.pending_id == pending_id) - self.now

    @property
    def next_state(self) -> str | None:
        state = self.root.state
        return state.name if isinstance(state, Landing) else None
