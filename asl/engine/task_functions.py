"""Tasks as plain functions: a mapping from names to callables plays Lambda and every other service.

A callable gets the task's payload and returns its result. An exception fails the task as Lambda would: the error is the
class's name, the cause Lambda's JSON; a StatesError fails it as it says.
https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from asl.engine.requests import Complete, Invoke, TaskRequest
from asl.language.documents import encode, parsed
from asl.language.errors import StatesError

Tasks = Mapping[str, Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class After:
    """An answer that takes its time."""

    seconds: float
    answer: Any


def after(seconds: float, answer: Any = None) -> After:
    """Return this from a task to answer `seconds` of virtual time later, with a result or an exception."""
    return After(seconds, answer)


@dataclass(frozen=True, slots=True)
class Callback:
    """An answer with all that goes before it: the call was taken, its token or job then gave `answer`."""

    answer: Any


def callback(answer: Any = None) -> Callback:
    """Return this from a ``.waitForTaskToken`` task to have its token answered, with a result or an exception."""
    return Callback(answer)


class _Never:
    """The effect ran, and nobody will hear of it; the state's timeout decides."""

    def __repr__(self) -> str:
        return "NEVER"


NEVER = _Never()
"""Return this from a task whose answer is lost."""


class NoTask(LookupError):
    """No callable was given for a task: a mistake in the test, not an error of the execution."""


def through(tasks: Tasks) -> Invoke:
    """The callables as an Engine's `invoke`."""

    def invoke(request: TaskRequest, complete: Complete) -> None:
        task = find(tasks, request)
        try:
            answer = task(_argument(request))
        except Exception as error:  # whatever a task raises is its failure
            complete(error)
            return
        complete(_envelope(request, answer))

    return invoke


def find(tasks: Tasks, request: TaskRequest) -> Callable[..., Any]:
    """The callable for a request. Raises NoTask."""
    for name in names_of(request):
        if name in tasks:
            return tasks[name]
    names = ", ".join(map(repr, names_of(request)))
    raise NoTask(f"no task for the state {request.state!r}; it may be given as {names}")


def names_of(request: TaskRequest) -> Iterator[str]:
    """The names under which a task may be given, the most particular first."""
    yield request.state
    function = _function(request)
    for each in ([function] if function else []) + [request.resource]:
        yield each
        if each.startswith("${"):
            yield each[2:-1]
        elif ":function:" in each:
            yield each.partition(":function:")[2].partition(":")[0]


def _function(request: TaskRequest) -> str | None:
    if _is_invoke(request) and isinstance(request.payload, dict):
        name = request.payload.get("FunctionName")
        return name if isinstance(name, str) else None
    return None


def _is_invoke(request: TaskRequest) -> bool:
    return (request.integration.service, request.integration.action) == ("lambda", "invoke")


def _argument(request: TaskRequest) -> Any:
    """What the callable gets: its own copy, for the engine's values are never changed."""
    payload = request.payload.get("Payload", {}) if _is_invoke(request) else request.payload
    return parsed(encode(payload))


def _envelope(request: TaskRequest, answer: Any) -> Any:
    """``lambda:invoke`` wraps what the function returned."""
    if answer is NEVER or isinstance(answer, BaseException | Callback) or not _is_invoke(request):
        return answer
    if isinstance(answer, After):
        return After(answer.seconds, _envelope(request, answer.answer))
    return {"ExecutedVersion": "$LATEST", "Payload": answer, "StatusCode": 200}


def failure_of(error: BaseException) -> StatesError:
    """A task's exception as the error that Step Functions sees."""
    if isinstance(error, StatesError):
        return error
    name = type(error).__name__
    return StatesError(
        name, json.dumps({"errorMessage": str(error), "errorType": name, "requestId": "", "stackTrace": []})
    )
