"""Which transitions of a state machine were taken: every Next, Choice rule, Default and Catch, nested ones too.

Two rules of a Choice with the same target are two transitions; so are a Next and a Catch that lead to the same state.
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

Transition = tuple[str, str, str]
"""The machine's name, the state's, and the transition: ``Next -> Pay``, ``Choices[0] -> Pay``, ``Catch[1] -> Park``."""


class Coverage:
    """What could be taken in the machines that are watched, and what was."""

    def __init__(self) -> None:
        self.possible: dict[Transition, None] = {}
        self.taken: set[Transition] = set()
        self.entered_by_catch: set[tuple[int, int]] = set()

    @property
    def missed(self) -> list[Transition]:
        """In the order of the definitions."""
        return [transition for transition in self.possible if transition not in self.taken]

    @property
    def percent(self) -> float:
        """100 where there is nothing to take."""
        return 100.0 if not self.possible else 100 * (1 - len(self.missed) / len(self.possible))

    def watch(self, machine: Machine) -> Machine:
        """Hear of every transition that the machine's executions take from now on. Returns the machine."""
        for state in every_state(machine.graph):
            self._watch_entry(machine.name, state)
            if isinstance(state, Choice):
                self._watch_choice(machine.name, state)
            elif state.next is not None:
                self.possible[machine.name, state.name, f"Next -> {state.next.name}"] = None
            if isinstance(state, ErrorHandlingState):
                self._watch_catch(machine.name, state)
        return machine

    def merge(self, possible: list[Transition], taken: list[Transition]) -> None:
        """Add what another process saw."""
        self.possible |= dict.fromkeys(map(_transition, possible))
        self.taken |= set(map(_transition, taken))

    def _watch_choice(self, machine: str, state: Choice) -> None:
        names = [(machine, state.name, f"Choices[{i}] -> {rule[1]}") for i, rule in enumerate(state.rules)]
        otherwise = None if state.next is None else (machine, state.name, f"Default -> {state.next.name}")
        self.possible |= dict.fromkeys([*names, otherwise] if otherwise else names)
        last = len(names) - 1
        state.rules = [
            (self._heard(rule[0], names[i], otherwise if i == last else None), *rule[1:])
            for i, rule in enumerate(state.rules)
        ]

    def _heard(
        self, test: Callable[[Scope], bool], name: Transition, otherwise: Transition | None
    ) -> Callable[[Scope], bool]:
        """A rule's test; when the last one fails, Default is taken."""

        def heard(scope: Scope) -> bool:
            holds = test(scope)
            if holds:
                self.taken.add(name)
            elif otherwise is not None:
                self.taken.add(otherwise)
            return holds

        return heard

    def _watch_catch(self, machine: str, state: ErrorHandlingState) -> None:
        names = [(machine, state.name, f"Catch[{i}] -> {each.target}") for i, each in enumerate(state.catchers)]
        self.possible |= dict.fromkeys(names)
        catch_error = state.catch_error

        def heard(thread: ExecutionThread, catcher: Catcher, error: StatesError) -> bool:
            on = catch_error(thread, catcher, error)
            if on:
                self.taken.add(names[state.catchers.index(catcher)])
                self.entered_by_catch.add((id(thread.history_builder), thread.entered))
            return on

        _replace(state, "catch_error", heard)

    def _watch_entry(self, machine: str, state: State) -> None:
        """A state that is entered tells which state's Next led there, unless a Catch did."""
        run = state.run

        def heard(thread: ExecutionThread) -> bool:
            if thread.before and (id(thread.history_builder), thread.entered) not in self.entered_by_catch:
                kind, _, _, details = thread.history_builder.records[thread.before - 1]
                if kind.endswith("StateExited") and details is not None:
                    name = (machine, details["name"], f"Next -> {state.name}")
                    if name in self.possible:
                        self.taken.add(name)
            return run(thread)

        _replace(state, "run", heard)


def every_state(graph: Graph) -> Iterator[State]:
    """The states of a graph and of all that is nested in them."""
    for state in graph.states.values():
        yield state
        inner = state.branches if isinstance(state, Parallel) else [state.processor] if isinstance(state, Map) else []
        for each in inner:
            yield from every_state(each)


def _replace(state: State, method: str, function: Callable[..., Any]) -> None:
    setattr(state, method, function)


def _transition(values: Any) -> Transition:
    machine, state, what = values
    return machine, state, what
