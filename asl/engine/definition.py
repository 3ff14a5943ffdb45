"""A definition, checked and compiled: JSON in, states linked to each other out.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asl.engine.execution_thread import State
from asl.engine.graph import Graph
from asl.engine.identity import ACCOUNT, EXPRESS, REGION, STANDARD, MachineIdentity
from asl.engine.states.choice import Choice
from asl.engine.states.distributed_map import DistributedMap
from asl.engine.states.map import Map
from asl.engine.states.parallel import Parallel
from asl.engine.states.pass_succeed_fail import Fail, Pass, Succeed
from asl.engine.states.task import Task
from asl.engine.states.wait import Wait
from asl.validation import parse_definition

EXPRESS_SECONDS = 300
STATES_WITHOUT_GRAPH: dict[str, type[State]] = {
    "Pass": Pass,
    "Choice": Choice,
    "Wait": Wait,
    "Succeed": Succeed,
    "Fail": Fail,
    "Task": Task,
}


class StateMachine(MachineIdentity):
    """A definition that has been checked and compiled, and its names.

    Attributes:
        definition: its JSON object.
        timeout_seconds: the limit for a whole execution; None for none.
        graph: its states.

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
        super().__init__(name, type=type, arn=arn, role_arn=role_arn, account=account, region=region)
        self.definition = parse_definition(definition, type, any_task=any_task)
        limits = [self.definition.get("TimeoutSeconds"), EXPRESS_SECONDS if type == EXPRESS else None]
        self.timeout_seconds: float | None = min((each for each in limits if each is not None), default=None)
        self.graph = compile_graph(self.definition, "JSONPath")


def compile_graph(spec: Mapping[str, Any], language: str) -> Graph:
    """The states of a machine, branch or processor, linked. The definition has been validated."""
    language = spec.get("QueryLanguage", language)
    states = {name: compile_state(name, each, language) for name, each in spec["States"].items()}
    for state in states.values():
        state.link(states)
    return Graph(states[spec["StartAt"]], states)


def compile_state(name: str, spec: dict[str, Any], language: str) -> State:
    """One state, not yet linked to others; its own QueryLanguage overrides the machine's `language`."""
    jsonata = spec.get("QueryLanguage", language) == "JSONata"
    kind = spec["Type"]
    if kind == "Parallel":
        return Parallel(name, spec, jsonata, [compile_graph(branch, language) for branch in spec["Branches"]])
    if kind == "Map":
        processor = spec.get("ItemProcessor") or spec["Iterator"]
        distributed = processor.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED"
        return (DistributedMap if distributed else Map)(name, spec, jsonata, compile_graph(processor, language))
    return STATES_WITHOUT_GRAPH[kind](name, spec, jsonata)
