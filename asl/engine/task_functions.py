"""Tasks as plain functions: a mapping from names to callables stands for Lambda and every other service.

A callable gets the task's payload and returns its result. An exception fails the task as Lambda would: the error is the
class's name, the cause Lambda's JSON. A StatesError fails it with its own error and cause.
https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from asl.engine.errors import NoTask
from asl.engine.requests import Complete, Invoke, TaskRequest
from asl.language.documents import json_copy
from asl.language.errors import StatesError
from asl.language.resources import function_name

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
    """An answer that the token or the job gives, after the call has returned."""

    answer: Any


def callback(answer: Any = None) -> Callback:
    """Return this from a ``.waitForTaskToken`` task to have its token answered, with a result or an exception."""
    return Callback(answer)


class _Never:
    """An answer that never comes: the effect happened, and the state's timeout decides."""

    def __repr__(self) -> str:
        return "NEVER"


NEVER = _Never()
"""Return this from a task whose answer is lost."""


def function_invoker(tasks: Tasks) -> Invoke:
    """The callables as an Engine's `invoke`."""

    def invoke(request: TaskRequest, complete: Complete) -> None:
        function = find_function(tasks, request)
        is_lambda_invoke = _is_lambda_invoke(request)
        payload = request.payload.get("Payload", {}) if is_lambda_invoke else request.payload
        try:
            answer = function(json_copy(payload))  # a copy, for the engine's values are never changed
        except Exception as error:  # whatever a task raises is its failure
            complete(error)
            return
        complete(_wrap_answer(answer) if is_lambda_invoke else answer)

    return invoke


def find_function(tasks: Tasks, request: TaskRequest) -> Callable[..., Any]:
    """The callable for a request. Raises NoTask."""
    for name in names_of(request):
        if name in tasks:
            return tasks[name]
    names = ", ".join(map(repr, names_of(request)))
    raise NoTask(f"no task for the state {request.state!r}; it may be given as {names}")


def names_of(request: TaskRequest) -> Iterator[str]:
    """The names that may stand for a request's task, the most particular first."""
    yield request.state
    function = _function_name(request)
    for name in ([function] if function else []) + [request.resource]:
        yield name
        if name.startswith("${"):
            yield name[2:-1]
        elif ":function:" in name:
            yield function_name(name)


def _function_name(request: TaskRequest) -> str | None:
    if _is_lambda_invoke(request) and isinstance(request.payload, dict):
        name = request.payload.get("FunctionName")
        return name if isinstance(name, str) else None
    return None


def _is_lambda_invoke(request: TaskRequest) -> bool:
    return (request.integration.service, request.integration.action) == ("lambda", "invoke")


def _wrap_answer(answer: Any) -> Any:
    """The answer of ``lambda:invoke``, which wraps what the function returned."""
    if answer is NEVER or isinstance(answer, BaseException | Callback):
        return answer
    if isinstance(answer, After):
        return After(answer.seconds, _wrap_answer(answer.answer))
    return {"ExecutedVersion": "$LATEST", "Payload": answer, "StatusCode": 200}


def failure_of(error: BaseException) -> StatesError:
    """A task's exception as the error that Step Functions sees."""
    if isinstance(error, StatesError):
        return error
    name = type(error).__name__
    return StatesError(
        name, json.dumps({"errorMessage": str(error), "errorType": name, "requestId": "", "stackTrace": []})
    )
