"""A state machine: a definition that has been checked and compiled, and a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from asl.engine.clock import Clock
from asl.engine.definition import compile_graph
from asl.validation import check

if TYPE_CHECKING:
    from asl.engine.execution import Execution

ACCOUNT, REGION = "123456789012", "us-east-1"
STANDARD, EXPRESS = "STANDARD", "EXPRESS"
EXPRESS_SECONDS = 300


class Machine:
    """A compiled state machine.

    Attributes:
        definition: its JSON object.
        name, arn, role_arn: as the context object shows them.
        type: STANDARD or EXPRESS.
        timeout_seconds: the limit for a whole execution; None for none.

    Raises InvalidDefinition; `any_task` admits integrations that the engine can't call itself, for stubs to stand in.
    """

    def __init__(
        self,
        definition: str | bytes | Mapping[str, Any],
        *,
        name: str = "StateMachine",
        type: str = STANDARD,
        arn: str | None = None,
        role_arn: str | None = None,
        account: str = ACCOUNT,
        region: str = REGION,
        any_task: bool = False,
    ) -> None:
        self.definition = check(definition, type, any_task=any_task)
        self.name = name
        self.type = type
        self.arn = arn or f"arn:aws:states:{region}:{account}:stateMachine:{name}"
        self.region, self.account = self.arn.split(":")[3:5]
        self.role_arn = role_arn or f"arn:aws:iam::{account}:role/{name}"
        limits = [self.definition.get("TimeoutSeconds"), EXPRESS_SECONDS if type == EXPRESS else None]
        self.timeout_seconds: float | None = min((each for each in limits if each is not None), default=None)
        self.graph = compile_graph(self.definition, "JSONPath")

    def execution_arn(self, name: str, unique: str) -> str:
        """The ARN of an execution of that name; an Express one ends in an id of its own."""
        start = f"arn:aws:states:{self.region}:{self.account}"
        if self.type == EXPRESS:
            return f"{start}:express:{self.name}:{name}:{unique}"
        return f"{start}:execution:{self.name}:{name}"

    def run(
        self,
        input: Any = None,
        *,
        tasks: Mapping[str, Callable[..., Any]] | None = None,
        clock: Clock | None = None,
        seed: int = 0,
        name: str | None = None,
    ) -> Execution:
        """Run one execution in virtual time until it ends, or waits for something that nobody is going to send.

        Args:
            input: a JSON value; ``{}`` unless given.
            tasks: functions by resource ARN, function name, ``${Placeholder}`` or state name; see task_functions.
            clock: where time begins and how it moves; a VirtualClock unless given.
            seed: for jitter, UUIDs and random numbers.
            name: the execution's name.
        """
        from asl.engine.engine import Engine

        engine = Engine(clock=clock, seed=seed, tasks=tasks)
        execution = engine.start(self, {} if input is None else input, name=name)
        engine.run()
        return execution
