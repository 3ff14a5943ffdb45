"""Small state machines for tests, and facts about their executions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import asl

State = dict[str, Any]


def task(name: str = "Work", **fields: Any) -> State:
    """A Task state whose function is ``name``; it is an end state unless it has a Next."""
    resource = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    return {"Type": "Task", "Resource": resource, **_end(fields), **fields}


def callback(name: str = "Ask", **fields: Any) -> State:
    """A Task that passes a token to the function ``name`` and waits for the callback."""
    parameters = {"FunctionName": name, "Payload": {"token.$": "$$.Task.Token"}}
    resource = "arn:aws:states:::lambda:invoke.waitForTaskToken"
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, **_end(fields), **fields}


def passing(**fields: Any) -> State:
    return {"Type": "Pass", **_end(fields), **fields}


def _end(fields: State) -> State:
    return {} if "Next" in fields else {"End": True}


def graph(**states: State) -> State:
    """A graph of states; the first one is the start."""
    return {"StartAt": next(iter(states)), "States": states}


def load(fields: State | None = None, /, **states: State) -> asl.Machine:
    return asl.load({**graph(**states), **(fields or {})})


def types(execution: asl.Execution) -> list[str]:
    return [event["type"] for event in execution.history]


def previous(execution: asl.Execution) -> list[int]:
    return [event["previousEventId"] for event in execution.history]


def seconds(execution: asl.Execution, kind: str) -> list[float]:
    """The times of all events of a type, in seconds after the start."""
    events = execution.history
    return [(each["timestamp"] - events[0]["timestamp"]).total_seconds() for each in events if each["type"] == kind]


def answering(*answers: Any) -> Callable[[Any], Any]:
    """A task that gives its answers in turn, then repeats the last one; an exception is raised."""
    remaining = list(answers)

    def answer(payload: Any) -> Any:
        value = remaining.pop(0) if len(remaining) > 1 else remaining[0]
        if isinstance(value, BaseException):
            raise value
        return value

    return answer


class Declined(Exception):
    """A business error of a test's task."""


class Busy(Exception):
    """A transient error of a test's task."""
