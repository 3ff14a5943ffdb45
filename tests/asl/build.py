"""Small state machines for tests, and what is worth asking of their executions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import asl

State = dict[str, Any]


def task(name: str = "Work", **fields: Any) -> State:
    """A Task state whose function is ``name``; it ends unless told otherwise."""
    resource = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    return {"Type": "Task", "Resource": resource, **_end(fields), **fields}


def callback(name: str = "Ask", **fields: Any) -> State:
    """A Task that hands a token to the function ``name`` and waits for the token's answer."""
    parameters = {"FunctionName": name, "Payload": {"token.$": "$$.Task.Token"}}
    resource = "arn:aws:states:::lambda:invoke.waitForTaskToken"
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, **_end(fields), **fields}


def passing(**fields: Any) -> State:
    return {"Type": "Pass", **_end(fields), **fields}


def _end(fields: State) -> State:
    return {} if "Next" in fields else {"End": True}


def graph(**states: State) -> State:
    """States in order; the first one starts."""
    return {"StartAt": next(iter(states)), "States": states}


def load(fields: State | None = None, /, **states: State) -> asl.Machine:
    return asl.load({**graph(**states), **(fields or {})})


def types(execution: asl.Execution) -> list[str]:
    return [event["type"] for event in execution.history]


def previous(execution: asl.Execution) -> list[int]:
    return [event["previousEventId"] for event in execution.history]


def seconds(execution: asl.Execution, kind: str) -> list[float]:
    """When the events of a type happened, in seconds after the start."""
    events = execution.history
    return [(each["timestamp"] - events[0]["timestamp"]).total_seconds() for each in events if each["type"] == kind]


def answering(*answers: Any) -> Callable[[Any], Any]:
    """A task that gives one answer after another; exceptions are raised, the last answer repeats."""
    left = list(answers)

    def answer(payload: Any) -> Any:
        value = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(value, BaseException):
            raise value
        return value

    return answer


class Declined(Exception):
    """A business error of a test's task."""


class Busy(Exception):
    """A passing error of a test's task."""
