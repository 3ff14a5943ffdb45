"""What there is to draw: a box a state, an arrow a transition, machines inside Parallel and Map states."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from asl.language.resources import parse_resource

START, END = "• Start", "• End"  # no names that a state is likely to have
OPERATORS = {
    "Equals": "=", "GreaterThan": ">", "GreaterThanEquals": "≥", "LessThan": "<", "LessThanEquals": "≤", "Matches": "~",
}  # fmt: skip
KINDS = ("String", "Numeric", "Timestamp", "Boolean")
LONGEST_LABEL = 28


@dataclass(slots=True)
class Box:
    """A state; x and y are its centre, once it is laid out.

    Attributes:
        notes: what stands under its name, such as what it calls.
        inside: the machines of a Parallel's branches, or of a Map's processor.
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
    """A transition; `kind` is next, choice, default or catch. The points are its way, once it is laid out."""

    source: str
    target: str
    kind: str
    label: str = ""
    points: list[tuple[float, float]] = field(default_factory=list)
    label_at: tuple[float, float] | None = None


@dataclass(slots=True)
class Picture:
    """One machine, branch or processor; width and height once it is laid out, x and y where it stands in its box."""

    boxes: dict[str, Box]
    arrows: list[Arrow]
    width: float = 0
    height: float = 0
    x: float = 0
    y: float = 0


def picture(machine: Mapping[str, Any]) -> Picture:
    """A machine as a picture without places."""
    boxes = {START: Box(START, START)}
    arrows = [Arrow(START, machine["StartAt"], "next")]
    for name, state in machine["States"].items():
        boxes[name] = _box(name, state)
        arrows += _arrows(name, state)
    boxes[END] = Box(END, END)
    return Picture(boxes, arrows)


def _box(name: str, state: Mapping[str, Any]) -> Box:
    inner = [*state.get("Branches", ()), *(state[key] for key in ("ItemProcessor", "Iterator") if key in state)]
    return Box(name, state["Type"], list(_notes(state)), [picture(each) for each in inner])


def _notes(state: Mapping[str, Any]) -> Iterator[str]:
    kind = state["Type"]
    if kind == "Task":
        yield _called(state)
    if kind == "Wait":
        yield next((f"{state[key]} s" if key == "Seconds" else str(state[key]) for key in WAITS if key in state), "")
    if kind == "Fail" and "Error" in state:
        yield str(state["Error"])
    if kind == "Map":
        mode = state.get("ItemProcessor", {}).get("ProcessorConfig", {}).get("Mode", "INLINE").lower()
        yield f"{mode}, {state['MaxConcurrency']} at a time" if state.get("MaxConcurrency") else mode
    if retries := state.get("Retry"):
        yield "↻ " + _few([_short(error) for retry in retries for error in retry["ErrorEquals"]])


WAITS = ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")


def _called(state: Mapping[str, Any]) -> str:
    resource: str = state["Resource"]
    integration = parse_resource(resource)
    if integration.kind == "service":
        given = state.get("Parameters") or state.get("Arguments")
        function = given.get("FunctionName") if isinstance(given, dict) else None
        called = f"{integration.service}:{integration.action}{integration.pattern}"
        return f"{called} {_last(function)}" if isinstance(function, str) else called
    return _last(resource)


def _last(resource: str) -> str:
    return resource.strip("${}").rpartition(":")[2]


def _arrows(name: str, state: Mapping[str, Any]) -> Iterator[Arrow]:
    for rule in state.get("Choices", ()):
        yield Arrow(name, rule["Next"], "choice", _cut(condition(rule)))
    if "Default" in state:
        yield Arrow(name, state["Default"], "default", "otherwise")
    if "Next" in state and state["Type"] not in ("Choice", "Succeed", "Fail"):
        yield Arrow(name, state["Next"], "next")
    for catch in state.get("Catch", ()):
        yield Arrow(name, catch["Next"], "catch", _few([*map(_short, catch["ErrorEquals"])]))
    if state.get("End") or state["Type"] in ("Succeed", "Fail"):
        yield Arrow(name, END, "next")


def condition(rule: Mapping[str, Any]) -> str:
    """A Choice rule in short: ``$.total > 100``."""
    if "Condition" in rule:
        return str(rule["Condition"]).removeprefix("{%").removesuffix("%}").strip()
    for key, word in (("And", " and "), ("Or", " or ")):
        if key in rule:
            return word.join(condition(each) for each in rule[key])
    if "Not" in rule:
        return f"not {condition(rule['Not'])}"
    operator = next((key for key in rule if key not in ("Variable", "Next", "Comment", "Assign", "Output")), "")
    value = rule.get(operator)
    if operator.startswith("Is"):
        return f"{rule['Variable']} is {'' if value else 'not '}{operator[2:].lower()}"
    bare = operator.removesuffix("Path")
    sign = next((OPERATORS.get(bare.removeprefix(kind)) for kind in KINDS if bare.startswith(kind)), None)
    return f"{rule.get('Variable', '')} {sign or operator} {json.dumps(value, ensure_ascii=False)}"


def _short(error: str) -> str:
    return "any error" if error == "States.ALL" else error.removeprefix("States.")


def _few(names: list[str]) -> str:
    """The first names, as many as fit, and how many more there are."""
    shown = names[:1]
    while len(shown) < len(names) and len(", ".join(names[: len(shown) + 1])) <= LONGEST_LABEL:
        shown.append(names[len(shown)])
    more = len(names) - len(shown)
    return _cut(", ".join(shown)) + (f" and {more} more" if more else "")


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…"
