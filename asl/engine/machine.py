"""A state machine that runs itself, in an engine of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from asl.engine.clock import EngineClock
from asl.engine.definition import StateMachine
from asl.engine.engine import Engine
from asl.engine.execution import Execution


class Machine(StateMachine):
    """A compiled state machine, with `run` for one execution on its own."""

    def run(
        self,
        input: Any = None,
        *,
        tasks: Mapping[str, Callable[..., Any]] | None = None,
        clock: EngineClock | None = None,
        seed: int = 0,
        name: str | None = None,
    ) -> Execution:
        """Run one execution in virtual time until it ends, or waits for an outcome that never comes.

        Args:
            input: a JSON value; ``{}`` by default.
            tasks: functions by resource ARN, function name, ``${Placeholder}`` or state name; see task_functions.
            clock: where time begins and how it moves; a VirtualClock by default.
            seed: for jitter, UUIDs and random numbers.
            name: the execution's name.
        """
        engine = Engine(clock=clock, seed=seed, tasks=tasks)
        execution = engine.start(self, {} if input is None else input, name=name)
        engine.run()
        return execution
