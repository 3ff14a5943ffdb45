"""Transition coverage: which transitions of a state machine were taken, nested ones included.

A transition is a Next, a Choice rule, a Default or a Catch, even if another one has the same target.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from asl.engine.execution_thread import ExecutionThread, State
from asl.engine.graph import Graph
from asl.engine.machine import Machine
from asl.engine.states.choice import Choice
from asl.engine.states.error_handling import ErrorHandlingState
from asl.engine.states.map import Map
from asl.engine.states.parallel import Parallel
from asl.language.errors import StatesError
from asl.language.retry import Catcher
from asl.language.scope import Scope

TransitionName = tuple[str, str, str]
"""The machine's name, the state's, and the transition: ``Next -> Pay``, ``Choices[0] -> Pay``, ``Catch[1] -> Park``."""


class TransitionCoverage:
    """The transitions of the watched machines, and those that their executions took."""

    def __init__(self) -> None:
        self.possible: dict[TransitionName, None] = {}
        self.taken: set[TransitionName] = set()
        self.entered_by_catch: set[tuple[int, int]] = set()

    @property
    def missed(self) -> list[TransitionName]:
        """The transitions that weren't taken, in the order of the definitions."""
        return [transition for transition in self.possible if transition not in self.taken]

    @property
    def percent(self) -> float:
        """The share of transitions that were taken; 100 if there are none."""
        return 100.0 if not self.possible else 100 * (1 - len(self.missed) / len(self.possible))

    def watch(self, machine: Machine) -> Machine:
        """Record every transition that the machine's executions take from now on. Returns the machine."""
        for state in every_state(machine.graph):
            self._watch_entry(machine.name, state)
            if isinstance(state, Choice):
                self._watch_choice(machine.name, state)
            elif state.next is not None:
                self.possible[machine.name, state.name, f"Next -> {state.next.name}"] = None
            if isinstance(state, ErrorHandlingState):
                self._watch_catch(machine.name, state)
        return machine

    def as_json(self) -> dict[str, list[TransitionName]]:
        """The arguments of ``merge`` in another process."""
        return {"possible": list(self.possible), "taken": list(self.taken)}

    def merge(self, possible: list[TransitionName], taken: list[TransitionName]) -> None:
        """Add the coverage of another process."""
        self.possible |= dict.fromkeys(map(_transition_name, possible))
        self.taken |= set(map(_transition_name, taken))

    def _watch_choice(self, machine: str, state: Choice) -> None:
        names = [(machine, state.name, f"Choices[{i}] -> {rule[1]}") for i, rule in enumerate(state.rules)]
        default = None if state.next is None else (machine, state.name, f"Default -> {state.next.name}")
        self.possible |= dict.fromkeys([*names, default] if default else names)
        last = len(names) - 1
        state.rules = [
            (self._recording_test(rule[0], names[i], default if i == last else None), *rule[1:])
            for i, rule in enumerate(state.rules)
        ]

    def _recording_test(
        self, test: Callable[[Scope], bool], name: TransitionName, default: TransitionName | None
    ) -> Callable[[Scope], bool]:
        """The test of a rule, with recording; `default` is taken if the test is false."""

        def recording_test(scope: Scope) -> bool:
            matches = test(scope)
            if matches:
                self.taken.add(name)
            elif default is not None:
                self.taken.add(default)
            return matches

        return recording_test

    def _watch_catch(self, machine: str, state: ErrorHandlingState) -> None:
        names = [(machine, state.name, f"Catch[{i}] -> {catcher.target}") for i, catcher in enumerate(state.catchers)]
        self.possible |= dict.fromkeys(names)
        catch_error = state.catch_error

        def recording_catch_error(thread: ExecutionThread, catcher: Catcher, error: StatesError) -> bool:
            continues = catch_error(thread, catcher, error)
            if continues:
                self.taken.add(names[state.catchers.index(catcher)])
                self.entered_by_catch.add((id(thread.history_builder), thread.entered))
            return continues

        _replace_method(state, "catch_error", recording_catch_error)

    def _watch_entry(self, machine: str, state: State) -> None:
        """Record the Next that led to a state when the state is entered, unless a Catch led there."""
        run = state.run

        def recording_run(thread: ExecutionThread) -> bool:
            if thread.before and (id(thread.history_builder), thread.entered) not in self.entered_by_catch:
                kind, _, _, details = thread.history_builder.records[thread.before - 1]
                if kind.endswith("StateExited") and details is not None:
                    name = (machine, details["name"], f"Next -> {state.name}")
                    if name in self.possible:
                        self.taken.add(name)
            return run(thread)

        _replace_method(state, "run", recording_run)


def every_state(graph: Graph) -> Iterator[State]:
    """The states of a graph, nested ones included."""
    for state in graph.states.values():
        yield state
        inner = state.branches if isinstance(state, Parallel) else [state.processor] if isinstance(state, Map) else []
        for nested in inner:
            yield from every_state(nested)


def _replace_method(state: State, method: str, function: Callable[..., Any]) -> None:
    setattr(state, method, function)


def _transition_name(values: Any) -> TransitionName:
    machine, state, transition = values
    return machine, state, transition
