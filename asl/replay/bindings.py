"""What a recording tells of the world that a definition leaves open: deployed ARNs, and the execution's own names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from asl.engine.machine import Machine
from asl.replay.recording import BadHistory, Recording
from asl.validation.graph import machines

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_EXECUTION = re.compile(r"arn:[\w-]+:states:[\w-]*:\d*:execution:[^\"\\ ]+")
_IDENTITY = {
    "$$.Execution.Id": "id",
    "{% $states.context.Execution.Id %}": "id",
    "$$.Execution.Name": "name",
    "{% $states.context.Execution.Name %}": "name",
}


def bound_machine(definition: Mapping[str, Any], recording: Recording) -> tuple[Machine, str, str]:
    """The definition compiled as it was deployed for the recording, the execution's ARN and its name.

    The history of a distributed Map's child is played by the Map's own processor.
    Raises InvalidDefinition, and BadHistory where the recording names states that no part of the definition has.
    """
    if not recording.visits.all:
        raise BadHistory(f"{recording.name} enters no state: there is nothing to replay yet, leave it out")
    told = dict(_told(definition, recording))
    text = _PLACEHOLDER.sub(
        lambda found: json.dumps(told.get(found[0], found[0]))[1:-1], json.dumps(_part(definition, recording))
    )
    arn = told.get("id") or _most_common(_EXECUTION.findall(recording.text))
    name = told.get("name") or (arn.rpartition(":")[2] if arn else recording.name)
    options: dict[str, Any] = {"role_arn": recording.role_arn} if recording.role_arn else {}
    if arn:
        options["arn"] = arn.replace(":execution:", ":stateMachine:").rpartition(":")[0]
        options["name"] = options["arn"].rpartition(":")[2]
    machine = Machine(text, any_task=True, **options)
    _check_kinship(json.loads(text), recording)
    return machine, arn or machine.execution_arn(name, ""), name


def _most_common(found: list[str]) -> str:
    return max(set(found), key=lambda each: (found.count(each), each), default="")


def _part(definition: Mapping[str, Any], recording: Recording) -> Mapping[str, Any]:
    """The machine itself, or the distributed processor that begins as the recording does, or has most of its states."""
    names = {visit.name for visit in recording.visits.all}
    first = recording.visits.all[0].name
    parts = [definition, *(inner for _, inner in machines(dict(definition), "") if _is_distributed(inner))]
    part = max(parts, key=lambda each: (each["StartAt"] == first, len(names & each["States"].keys())))
    if part is definition:
        return definition
    return {key: part[key] for key in ("StartAt", "States")} | {
        key: definition[key] for key in ("QueryLanguage",) if key in definition
    }


def _is_distributed(inner: Mapping[str, Any]) -> bool:
    return bool(inner.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED")


def _told(definition: Mapping[str, Any], recording: Recording) -> Iterator[tuple[str, str]]:
    """Placeholders with their values, and ``id`` and ``name`` of the execution. What is sure comes last, and wins."""
    states = {name: state for _, inner in machines(dict(definition), "") for name, state in inner["States"].items()}
    tries = [(visit.name, each) for visit in recording.visits.all for each in visit.tries]
    resources = sorted({each.task for _, each in tries})
    for name in sorted(set(_PLACEHOLDER.findall(json.dumps(definition)))):
        part = name.removesuffix("Arn")
        named = [each for each in resources if part in each.rpartition(":")[2] and "${" not in each]
        if len(named) == 1:
            yield f"${{{name}}}", named[0]
    for name, each in tries:
        state = states.get(name, {})
        given = state.get("Parameters", state.get("Arguments"))
        if "resourceType" not in each.details:
            yield from _named(name, state.get("Resource"), each.task)
        if isinstance(given, dict) and "FunctionName" in given:
            yield from _named(name, given["FunctionName"], each.task)
            given = {field: value for field, value in given.items() if field != "FunctionName"}
        yield from _matched(given, each.payload)


def _named(state: str, template: Any, function: str) -> Iterator[tuple[str, str]]:
    """What a state's placeholder stood for; not where the function is named after the state, and it after another."""
    own = function.rpartition(":")[2]
    for placeholder, value in _matched(template, function):
        part = placeholder.removeprefix("${").removesuffix("}").removesuffix("Arn")
        if part in own or not (state in own or "${" in own):
            yield placeholder, value


def _check_kinship(definition: Mapping[str, Any], recording: Recording) -> None:
    """Raise BadHistory for a history of another machine: it begins elsewhere, and most of what it does isn't here."""
    states = {name: state for _, inner in machines(dict(definition), "") for name, state in inner["States"].items()}
    visits = recording.visits.all
    names, tasks = {visit.name for visit in visits}, {each.task for visit in visits for each in visit.tries}
    text = json.dumps(definition)
    here = {task for task in tasks if json.dumps(task.rpartition(":arn:")[2] or task)[1:-1] in text}
    if visits[0].name not in states and 2 * len(names & states.keys()) < len(names) and 2 * len(here) < len(tasks):
        raise BadHistory(
            f"{recording.name} is a history of another machine: it begins with {visits[0].name}, which the definition "
            "doesn't have, nor most of its tasks; leave it out, or give its own machine's definition"
        )


def _matched(template: Any, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(template, dict) and isinstance(value, dict):
        for key, inner in template.items():
            yield from _matched(inner, value.get(key.removesuffix(".$")))
    elif isinstance(template, list) and isinstance(value, list):
        for inner, each in zip(template, value, strict=False):
            yield from _matched(inner, each)
    elif isinstance(template, str) and isinstance(value, str):
        if template in _IDENTITY:
            yield _IDENTITY[template], value
        yield from _filled_in(template, value)


def _filled_in(template: str, value: str) -> Iterator[tuple[str, str]]:
    names = _PLACEHOLDER.findall(template)
    if not names:
        return
    pattern = "(.+?)".join(map(re.escape, re.split(r"\$\{\w+\}", template)))
    found = re.fullmatch(pattern, value)
    if found is not None:
        yield from ((f"${{{name}}}", each) for name, each in zip(names, found.groups(), strict=True))
