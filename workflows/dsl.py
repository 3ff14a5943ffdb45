"""Functions to write the shop's state machines with, on top of the ``stepfunctions`` SDK.

The SDK is older than some fields of the States Language; ``allowed_fields`` of a subclass adds them.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from itertools import pairwise
from typing import Any

from stepfunctions.steps import Catch, ChoiceRule, Graph, Pass, Retry
from stepfunctions.steps import Choice as SdkChoice
from stepfunctions.steps import Task as SdkTask
from stepfunctions.steps.states import State

from oms.domain.errors import (
    InvalidCommand,
    OmsError,
    OrderChanged,
    OrderNotFound,
    OrderParked,
    OrderTaken,
    Unavailable,
    leaves,
)

LAMBDA_SECONDS = 10
"""The timeout of a task function. Its clients time out earlier, its state later."""
TASK_SECONDS = 15
"""Longer than a function may run (``oms.declarations.limits``)."""
HOUR, DAY = 3600, 86400

BRIEFLY, PATIENTLY = 6, 400
"""How often a state retries while a cancellation holds the order: for two minutes, since a person waits, or for over
two weeks, since goods can wait."""

ORDER = {"order_id.$": "$.order_id"}
OWN_INPUT = "$$.Execution.Input"

LAMBDA_TROUBLE = [
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Sandbox.Timedout",
]


class NewerFields(Enum):
    """Fields of a retrier that are newer than the SDK."""

    MaxDelaySeconds = "max_delay_seconds"
    JitterStrategy = "jitter_strategy"


class JitteredRetry(Retry):  # type: ignore[misc]
    def allowed_fields(self) -> list[Enum]:
        return [*super().allowed_fields(), *NewerFields]


def retry(errors: Iterable[str], seconds: int = 1, attempts: int = 4, longest: int = 20) -> JitteredRetry:
    """Retries with exponential backoff and full jitter."""
    return JitteredRetry(
        error_equals=list(errors),
        interval_seconds=seconds,
        max_attempts=attempts,
        backoff_rate=2.0,
        max_delay_seconds=longest,
        jitter_strategy="FULL",
    )


def retry_transient(*, timeouts: bool) -> JitteredRetry:
    """Retries transient errors: a dependency is unavailable, another writer was first, a function crashed."""
    named = [*names(*leaves(Unavailable)), OrderChanged.__name__, *LAMBDA_TROUBLE]
    return retry([*named, "States.Timeout"] if timeouts else named)


def retry_taken_order(attempts: int) -> JitteredRetry:
    """Waits until the cancellation ends, which may give the order back: each time longer, up to an hour."""
    return retry(names(OrderTaken), seconds=2, attempts=attempts, longest=HOUR)


def task(
    name: str,
    *,
    keep: str | None = None,
    more: dict[str, Any] | None = None,
    waits: int = 0,
    about: dict[str, Any] = ORDER,
) -> SdkTask:
    """A state that calls the task function of its name, with the parameters ``about`` the order and ``more``.

    ``waits`` is how often it retries while a cancellation holds the order. The result is stored at ``keep`` or dropped,
    and never merged into the state, so that the state doesn't grow.
    """
    extra = [retry_taken_order(waits)] if waits else []
    return SdkTask(
        name,
        resource=f"${{{name}Arn}}",
        parameters=command(more, about),
        result_path=keep,
        timeout_seconds=TASK_SECONDS,
        retry=[retry_transient(timeouts=True), *extra],
    )


def callback_task(
    name: str,
    *,
    deadline: int,
    heartbeat: int | None = None,
    keep: str | None = None,
    more: dict[str, Any] | None = None,
    waits: int = 0,
) -> SdkTask:
    """A state that calls its task function, and ends when its task token is answered, or at the deadline in seconds.

    Errors of the function are retried. The deadline isn't: it is a result.
    """
    extra = [retry_taken_order(waits)] if waits else []
    limits = {"timeout_seconds": deadline, "heartbeat_seconds": heartbeat}
    return SdkTask(
        name,
        resource="arn:aws:states:::lambda:invoke.waitForTaskToken",
        parameters={
            "FunctionName": f"${{{name}Arn}}",
            "Payload": command({"task_token.$": "$$.Task.Token", **(more or {})}),
        },
        result_path=keep,
        retry=[retry_transient(timeouts=False), *extra],
        **{field: value for field, value in limits.items() if value is not None},
    )


def command(more: dict[str, Any] | None = None, about: dict[str, Any] = ORDER) -> dict[str, Any]:
    """The parameters of a task function, with the execution's id and input.

    The task reads the request's id from the input: it may be missing, and JSONPath has no defaults.
    """
    return {**about, "execution.$": "$$.Execution.Id", "input.$": OWN_INPUT, **(more or {})}


def park(more: dict[str, Any] | None = None) -> SdkTask:
    """The state that parks the order for an operator: the execution fails here, and a redrive resumes it from here.

    It is retried for days, so that it outlasts the outage that is its cause. If there is no such order, because the
    execution was started by hand, it fails at once.
    """
    parking = task(
        "ParkOrder",
        keep="$.parked",
        more={
            "entered.$": "$$.State.EnteredTime",
            "run.$": "$$.Execution",
            "error.$": "$.trouble.Error",
            "cause.$": "$.trouble.Cause",
            **(more or {}),
        },
    )
    over = [retry(names(OrderParked, OrderNotFound), attempts=0), retry(names(InvalidCommand), attempts=6)]
    parking.retries = [*over, retry(["States.ALL"], attempts=100, longest=HOUR)]
    return parking


def start(state: str, machine: str, *, name: str, input: dict[str, Any] | str, already: State) -> SdkTask:
    """A state that starts an execution. ``input`` is a template or a path, ``name`` a path or an intrinsic.

    If an execution of that name exists, the state machine goes on to ``already``.
    """
    exists = ["StepFunctions.ExecutionAlreadyExistsException"]
    input_field = "Input.$" if isinstance(input, str) else "Input"
    starting = SdkTask(
        state,
        resource="arn:aws:states:::states:startExecution",
        parameters={"StateMachineArn": f"${{{machine}Arn}}", "Name.$": name, input_field: input},
        result_path=None,
        timeout_seconds=TASK_SECONDS,
        retry=[retry(exists, attempts=0), retry(["States.TaskFailed", "States.Timeout"])],
    )
    starting.add_catch(Catch(error_equals=exists, result_path="$.trouble", next_step=already))
    return starting


def on(*errors: type[OmsError], then: State, keep: str = "$.failure") -> Catch:
    """Catches leaves of the error tree, as classes: they can be renamed, and a typo is an error."""
    branches = [error.__name__ for error in errors if error.__subclasses__()]
    if branches:
        raise TypeError(f"the States Language can't catch a base class: {branches}")
    return Catch(error_equals=names(*errors), result_path=keep, next_step=then)


def on_timeout(then: State, keep: str = "$.failure") -> Catch:
    return Catch(error_equals=["States.Timeout", "States.HeartbeatTimeout"], result_path=keep, next_step=then)


def on_anything(then: State, keep: str = "$.failure") -> Catch:
    return Catch(error_equals=["States.ALL"], result_path=keep, next_step=then)


def keep_failure(catch: Catch) -> Catch:
    """Stores the error at ``$.trouble``, and keeps ``$.failure``: the failure that is compensated, and its reason."""
    catch.fields["result_path"] = "$.trouble"
    return catch


def names(*errors: type[OmsError]) -> list[str]:
    return [error.__name__ for error in errors]


def choose(name: str, variable: str, when: dict[Any, State], otherwise: State) -> SdkChoice:
    """A Choice on one field, whose value a task has decided."""
    choice = SdkChoice(name)
    for value, then in when.items():
        rule = ChoiceRule.BooleanEquals if isinstance(value, bool) else ChoiceRule.StringEquals
        choice.add_choice(rule(variable=variable, value=value), then)
    choice.default_choice(otherwise)
    return choice


def outcome(state: str, about: dict[str, Any] = ORDER, **fields: str) -> Pass:
    """The last state of a path, with the execution's output. A value that begins with ``$`` is a path."""
    output = {f"{key}.$" if value.startswith("$") else key: value for key, value in fields.items()}
    return Pass(state, parameters={**about, **output})


def sequence(*states: State) -> None:
    """Connects each state to the next."""
    for state, following in pairwise(states):
        state.next(following)


def machine(start: State, *, comment: str, timeout: int) -> Graph:
    return Graph(start, comment=comment, timeout_seconds=timeout)
