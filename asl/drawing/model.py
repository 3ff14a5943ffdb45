"""The model of a drawing: a box for each state, an arrow for each transition, and pictures inside boxes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from asl.language.resources import parse_resource

START, END = "• Start", "• End"  # unlikely names of states
OPERATORS = {
    "Equals": "=", "GreaterThan": ">", "GreaterThanEquals": "≥", "LessThan": "<", "LessThanEquals": "≤", "Matches": "~",
}  # fmt: skip
KINDS = ("String", "Numeric", "Timestamp", "Boolean")
MAX_LABEL_LENGTH = 28


@dataclass(slots=True)
class Box:
    """A state. The layout sets x and y to its centre.

    Attributes:
        notes: the lines under its name, such as the function that it calls.
        inside: the branches of a Parallel, or the processor of a Map.
    """

    name: str
    kind: str
    notes: list[str] = field(default_factory=list)
    inside: list[Picture] = field(default_factory=list)
    width: float = 0
    height: float = 0
    x: float = 0
    y: float = 0


@dataclass(slots=True)
class Arrow:
    """A transition; `kind` is next, choice, default or catch. The layout sets the points of its line."""

    source: str
    target: str
    kind: str
    label: str = ""
    points: list[tuple[float, float]] = field(default_factory=list)
    label_at: tuple[float, float] | None = None


@dataclass(slots=True)
class Picture:
    """A machine, branch or processor. The layout sets its size, and its position inside its box."""

    boxes: dict[str, Box]
    arrows: list[Arrow]
    width: float = 0
    height: float = 0
    x: float = 0
    y: float = 0


def picture_of(machine: Mapping[str, Any]) -> Picture:
    """The picture of a machine, before its layout."""
    boxes = {START: Box(START, START)}
    arrows = [Arrow(START, machine["StartAt"], "next")]
    for name, state in machine["States"].items():
        boxes[name] = _box(name, state)
        arrows += _arrows(name, state)
    boxes[END] = Box(END, END)
    return Picture(boxes, arrows)


def _box(name: str, state: Mapping[str, Any]) -> Box:
    inner = [*state.get("Branches", ()), *(state[key] for key in ("ItemProcessor", "Iterator") if key in state)]
    return Box(name, state["Type"], list(_notes(state)), [picture_of(each) for each in inner])


def _notes(state: Mapping[str, Any]) -> Iterator[str]:
    kind = state["Type"]
    if kind == "Task":
        yield _target_of(state)
    if kind == "Wait":
        yield next((f"{state[key]} s" if key == "Seconds" else str(state[key]) for key in WAITS if key in state), "")
    if kind == "Fail" and "Error" in state:
        yield str(state["Error"])
    if kind == "Map":
        mode = state.get("ItemProcessor", {}).get("ProcessorConfig", {}).get("Mode", "INLINE").lower()
        yield f"{mode}, {state['MaxConcurrency']} at a time" if state.get("MaxConcurrency") else mode
    if retries := state.get("Retry"):
        yield "↻ " + _join_names([_short_error(error) for retry in retries for error in retry["ErrorEquals"]])


WAITS = ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")


def _target_of(state: Mapping[str, Any]) -> str:
    """The function or action that a Task calls."""
    resource: str = state["Resource"]
    integration = parse_resource(resource)
    if integration.kind == "service":
        arguments = state.get("Parameters") or state.get("Arguments")
        function = arguments.get("FunctionName") if isinstance(arguments, dict) else None
        action = f"{integration.service}:{integration.action}{integration.pattern}"
        return f"{action} {_last_part(function)}" if isinstance(function, str) else action
    return _last_part(resource)


def _last_part(resource: str) -> str:
    return resource.strip("${}").rpartition(":")[2]


def _arrows(name: str, state: Mapping[str, Any]) -> Iterator[Arrow]:
    for rule in state.get("Choices", ()):
        yield Arrow(name, rule["Next"], "choice", _shorten(condition_text(rule)))
    if "Default" in state:
        yield Arrow(name, state["Default"], "default", "otherwise")
    if "Next" in state and state["Type"] not in ("Choice", "Succeed", "Fail"):
        yield Arrow(name, state["Next"], "next")
    for catch in state.get("Catch", ()):
        yield Arrow(name, catch["Next"], "catch", _join_names([*map(_short_error, catch["ErrorEquals"])]))
    if state.get("End") or state["Type"] in ("Succeed", "Fail"):
        yield Arrow(name, END, "next")


def condition_text(rule: Mapping[str, Any]) -> str:
    """A Choice rule as a short text: ``$.total > 100``."""
    if "Condition" in rule:
        return str(rule["Condition"]).removeprefix("{%").removesuffix("%}").strip()
    for key, word in (("And", " and "), ("Or", " or ")):
        if key in rule:
            return word.join(condition_text(each) for each in rule[key])
    if "Not" in rule:
        return f"not {condition_text(rule['Not'])}"
    operator = next((key for key in rule if key not in ("Variable", "Next", "Comment", "Assign", "Output")), "")
    value = rule.get(operator)
    if operator.startswith("Is"):
        return f"{rule['Variable']} is {'' if value else 'not '}{operator[2:].lower()}"
    bare = operator.removesuffix("Path")
    sign = next((OPERATORS.get(bare.removeprefix(kind)) for kind in KINDS if bare.startswith(kind)), None)
    return f"{rule.get('Variable', '')} {sign or operator} {json.dumps(value, ensure_ascii=False)}"


def _short_error(error: str) -> str:
    return "any error" if error == "States.ALL" else error.removeprefix("States.")


def _join_names(names: list[str]) -> str:
    """The first names, as many as fit, and the number of the others."""
    first = names[:1]
    while len(first) < len(names) and len(", ".join(names[: len(first) + 1])) <= MAX_LABEL_LENGTH:
        first.append(names[len(first)])
    others = len(names) - len(first)
    return _shorten(", ".join(first)) + (f" and {others} more" if others else "")


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_LABEL_LENGTH else text[: MAX_LABEL_LENGTH - 1] + "…"
