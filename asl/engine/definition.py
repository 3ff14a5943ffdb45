"""A definition compiled: JSON in, states linked to each other out.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asl.engine.graph import Graph
from asl.engine.states.base import State
from asl.engine.states.distributed import DistributedMap
from asl.engine.states.flow import Choice, Fail, Pass, Succeed, Wait
from asl.engine.states.fork import Map, Parallel
from asl.engine.states.task import Task

PLAIN: dict[str, type[State]] = {
    "Pass": Pass,
    "Choice": Choice,
    "Wait": Wait,
    "Succeed": Succeed,
    "Fail": Fail,
    "Task": Task,
}


def compile_graph(spec: Mapping[str, Any], language: str) -> Graph:
    """The states of a machine, branch or processor, linked. The definition has been validated."""
    language = spec.get("QueryLanguage", language)
    states = {name: compile_state(name, each, language) for name, each in spec["States"].items()}
    for state in states.values():
        state.link(states)
    return Graph(states[spec["StartAt"]], states)


def compile_state(name: str, spec: dict[str, Any], language: str) -> State:
    """One state, not yet linked to others; `language` is the machine's, which the state's own overrides."""
    own = spec.get("QueryLanguage", language)
    jsonata = own == "JSONata"
    kind = spec["Type"]
    if kind == "Parallel":
        return Parallel(name, spec, jsonata, [compile_graph(branch, language) for branch in spec["Branches"]])
    if kind == "Map":
        processor = spec.get("ItemProcessor") or spec["Iterator"]
        distributed = processor.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED"
        return (DistributedMap if distributed else Map)(name, spec, jsonata, compile_graph(processor, language))
    return PLAIN[kind](name, spec, jsonata)
