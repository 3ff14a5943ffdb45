"""States that belong together: a state machine, a branch of a Parallel state, the processor of a Map."""

from __future__ import annotations

from dataclasses import dataclass

from asl.engine.execution_thread import State


@dataclass(frozen=True, slots=True)
class Graph:
    """States by name, and the one to start with."""

    start: State
    states: dict[str, State]
