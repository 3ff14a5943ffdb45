"""Placeholders: a definition leaves ARNs open as ``${Name}``, and the recording has their values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from asl.engine.machine import Machine
from asl.replay.changed_states import states_of
from asl.replay.history.recording import InvalidHistory, Recording
from asl.validation.graph import machines as nested_machines

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_EXECUTION_ARN = re.compile(r"arn:[\w-]+:states:[\w-]*:\d*:execution:[^\"\\ ]+")
_IDENTITY = {
    "$$.Execution.Id": "id",
    "{% $states.context.Execution.Id %}": "id",
    "$$.Execution.Name": "name",
    "{% $states.context.Execution.Name %}": "name",
}


def compile_for_recording(definition: Mapping[str, Any], recording: Recording) -> tuple[Machine, str, str]:
    """The definition compiled with the recording's values, and the execution's ARN and name.

    For the child of a distributed Map, this is the Map's processor.
    Raises InvalidDefinition, and InvalidHistory if the recording belongs to another machine.
    """
    if not recording.tree.visits:
        raise InvalidHistory(f"{recording.name} enters no state: there is nothing to replay yet, leave it out")
    values = dict(_recorded_values(definition, recording))
    template = json.dumps(_machine_of_recording(definition, recording))
    text = _PLACEHOLDER.sub(lambda match: json.dumps(values.get(match[0], match[0]))[1:-1], template)
    arn = values.get("id") or _most_common(_EXECUTION_ARN.findall(recording.text))
    name = values.get("name") or (arn.rpartition(":")[2] if arn else recording.name)
    options: dict[str, Any] = {"role_arn": recording.role_arn} if recording.role_arn else {}
    if arn:
        options["arn"] = arn.replace(":execution:", ":stateMachine:").rpartition(":")[0]
        options["name"] = options["arn"].rpartition(":")[2]
    machine = Machine(text, any_task=True, **options)
    _check_same_machine(json.loads(text), recording)
    return machine, arn or machine.execution_arn(name, ""), name


def _most_common(texts: list[str]) -> str:
    return max(set(texts), key=lambda each: (texts.count(each), each), default="")


def _machine_of_recording(definition: Mapping[str, Any], recording: Recording) -> Mapping[str, Any]:
    """The machine, or its distributed processor that starts with the recording's first state or shares most states."""
    names = {visit.name for visit in recording.tree.visits}
    first = recording.tree.visits[0].name
    candidates = [definition, *(inner for _, inner in nested_machines(dict(definition), "") if _is_distributed(inner))]
    machine = max(candidates, key=lambda each: (each["StartAt"] == first, len(names & each["States"].keys())))
    if machine is definition:
        return definition
    return {key: machine[key] for key in ("StartAt", "States")} | {
        key: definition[key] for key in ("QueryLanguage",) if key in definition
    }


def _is_distributed(inner: Mapping[str, Any]) -> bool:
    return bool(inner.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED")


def _recorded_values(definition: Mapping[str, Any], recording: Recording) -> Iterator[tuple[str, str]]:
    """The values of placeholders, and ``id`` and ``name`` of the execution. Later values are more certain."""
    states = states_of(definition)
    attempts = [(visit.name, attempt) for visit in recording.tree.visits for attempt in visit.attempts]
    tasks = sorted({attempt.task for _, attempt in attempts})
    for name in sorted(set(_PLACEHOLDER.findall(json.dumps(definition)))):
        stem = name.removesuffix("Arn")
        matching = [task for task in tasks if stem in task.rpartition(":")[2] and "${" not in task]
        if len(matching) == 1:
            yield f"${{{name}}}", matching[0]
    for name, attempt in attempts:
        state = states.get(name, {})
        arguments = state.get("Parameters", state.get("Arguments"))
        if "resourceType" not in attempt.details:
            yield from _function_values(name, state.get("Resource"), attempt.task)
        if isinstance(arguments, dict) and "FunctionName" in arguments:
            yield from _function_values(name, arguments["FunctionName"], attempt.task)
            arguments = {field: value for field, value in arguments.items() if field != "FunctionName"}
        yield from _match_template(arguments, attempt.payload)


def _function_values(state: str, template: Any, function: str) -> Iterator[tuple[str, str]]:
    """The values of a state's placeholders, unless the function is named after the state and the placeholder isn't."""
    function_name = function.rpartition(":")[2]
    for placeholder, value in _match_template(template, function):
        stem = placeholder.removeprefix("${").removesuffix("}").removesuffix("Arn")
        if stem in function_name or not (state in function_name or "${" in function_name):
            yield placeholder, value


def _check_same_machine(definition: Mapping[str, Any], recording: Recording) -> None:
    """Raises InvalidHistory if the definition lacks the recording's first state and most of its states and tasks."""
    states = states_of(definition)
    visits = recording.tree.visits
    names, tasks = {visit.name for visit in visits}, {each.task for visit in visits for each in visit.attempts}
    text = json.dumps(definition)
    own_tasks = {task for task in tasks if json.dumps(task.rpartition(":arn:")[2] or task)[1:-1] in text}
    has_few_states, has_few_tasks = 2 * len(names & states.keys()) < len(names), 2 * len(own_tasks) < len(tasks)
    if visits[0].name not in states and has_few_states and has_few_tasks:
        raise InvalidHistory(
            f"{recording.name} is a history of another machine: it begins with {visits[0].name}, which the definition "
            "doesn't have, nor most of its tasks; leave it out, or pass the definition of its own machine"
        )


def _match_template(template: Any, value: Any) -> Iterator[tuple[str, str]]:
    """The values of the placeholders in a template, from its evaluated form."""
    if isinstance(template, dict) and isinstance(value, dict):
        for key, inner in template.items():
            yield from _match_template(inner, value.get(key.removesuffix(".$")))
    elif isinstance(template, list) and isinstance(value, list):
        for inner, each in zip(template, value, strict=False):
            yield from _match_template(inner, each)
    elif isinstance(template, str) and isinstance(value, str):
        if template in _IDENTITY:
            yield _IDENTITY[template], value
        yield from _match_text(template, value)


def _match_text(template: str, value: str) -> Iterator[tuple[str, str]]:
    names = _PLACEHOLDER.findall(template)
    if not names:
        return
    pattern = "(.+?)".join(map(re.escape, re.split(r"\$\{\w+\}", template)))
    match = re.fullmatch(pattern, value)
    if match is not None:
        yield from ((f"${{{name}}}", each) for name, each in zip(names, match.groups(), strict=True))
