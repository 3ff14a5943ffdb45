"""The shop's way of writing state machines, over the ``stepfunctions`` SDK.

The SDK is older than some fields of the States Language; a subclass's ``allowed_fields`` admits them.
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

TASK_SECONDS = 15
"""Longer than a function may run (``oms.declarations.limits``)."""
HOUR, DAY = 3600, 86400

BRIEFLY, PATIENTLY = 6, 400
"""How many times a step tries that meets a taken order: for two minutes, as a person would wait; for over two weeks, as
goods would."""

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


class Later(Enum):
    """Fields of a retrier that came after the SDK."""

    MaxDelaySeconds = "max_delay_seconds"
    JitterStrategy = "jitter_strategy"


class JitteredRetry(Retry):  # type: ignore[misc]
    def allowed_fields(self) -> list[Enum]:
        return [*super().allowed_fields(), *Later]


def retry(errors: Iterable[str], seconds: int = 1, attempts: int = 4, longest: int = 20) -> JitteredRetry:
    """Try again with exponential backoff and full jitter."""
    return JitteredRetry(
        error_equals=list(errors),
        interval_seconds=seconds,
        max_attempts=attempts,
        backoff_rate=2.0,
        max_delay_seconds=longest,
        jitter_strategy="FULL",
    )


def passing_trouble(*, timeouts: bool) -> JitteredRetry:
    """Retry what passes by itself: a dependency that is away, a race that was lost, a function that crashed."""
    named = [*names(*leaves(Unavailable)), OrderChanged.__name__, *LAMBDA_TROUBLE]
    return retry([*named, "States.Timeout"] if timeouts else named)


def taken_order(attempts: int) -> JitteredRetry:
    """Wait for a cancellation to end, ever longer up to an hour: it may give the order back."""
    return retry(names(OrderTaken), seconds=2, attempts=attempts, longest=HOUR)


def task(
    name: str,
    *,
    keep: str | None = None,
    more: dict[str, Any] | None = None,
    waits: int = 0,
    about: dict[str, Any] = ORDER,
) -> SdkTask:
    """The task function ``tasks/<name in snake case>.py``, asked about the execution's order, or ``about`` else.

    ``waits`` says how often it tries while a cancellation holds the order.

    Its answer is kept at ``keep`` or dropped, and never merged into the whole state: state doesn't grow.
    """
    extra = [taken_order(waits)] if waits else []
    return SdkTask(
        name,
        resource=f"${{{name}Arn}}",
        parameters=command(more, about),
        result_path=keep,
        timeout_seconds=TASK_SECONDS,
        retry=[passing_trouble(timeouts=True), *extra],
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
    """A task that ends when somebody answers its token, or at its deadline, in seconds.

    The deadline isn't retried: it is the answer. The function's own trouble is.
    """
    extra = [taken_order(waits)] if waits else []
    limits = {"timeout_seconds": deadline, "heartbeat_seconds": heartbeat}
    return SdkTask(
        name,
        resource="arn:aws:states:::lambda:invoke.waitForTaskToken",
        parameters={
            "FunctionName": f"${{{name}Arn}}",
            "Payload": command({"task_token.$": "$$.Task.Token", **(more or {})}),
        },
        result_path=keep,
        retry=[passing_trouble(timeouts=False), *extra],
        **{field: value for field, value in limits.items() if value is not None},
    )


def command(more: dict[str, Any] | None = None, about: dict[str, Any] = ORDER) -> dict[str, Any]:
    """Says who asks. JSONPath has no defaults, and not every execution has a request's id in its input: a task gets the
    whole input, and looks for itself."""
    return {**about, "execution.$": "$$.Execution.Id", "input.$": OWN_INPUT, **(more or {})}


def park(more: dict[str, Any] | None = None) -> SdkTask:
    """Put the order before an operator; the execution fails here, and a redrive goes on from here.

    Parking outlasts the outage that it is about: whatever is in its way, it is tried for days. Of no order at all, as
    when an execution was begun by hand, there is nothing to park: it fails at once.
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


def start(state: str, machine: str, *, name: str, given: dict[str, Any] | str, already: State) -> SdkTask:
    """Start an execution of a machine with the input ``given``, a template or a path.

    Its ``name``, a path or an intrinsic, admits one; one that is there will do.
    """
    exists = ["StepFunctions.ExecutionAlreadyExistsException"]
    input_field = "Input.$" if isinstance(given, str) else "Input"
    step = SdkTask(
        state,
        resource="arn:aws:states:::states:startExecution",
        parameters={"StateMachineArn": f"${{{machine}Arn}}", "Name.$": name, input_field: given},
        result_path=None,
        timeout_seconds=TASK_SECONDS,
        retry=[retry(exists, attempts=0), retry(["States.TaskFailed", "States.Timeout"])],
    )
    step.add_catch(Catch(error_equals=exists, result_path="$.trouble", next_step=already))
    return step


def on(*errors: type[OmsError], then: State, keep: str = "$.failure") -> Catch:
    """Catch these leaves of the error tree. It takes the classes: a rename is safe and a typo can't load."""
    branches = [error.__name__ for error in errors if error.__subclasses__()]
    if branches:
        raise TypeError(f"the States Language can't catch a base class: {branches}")
    return Catch(error_equals=names(*errors), result_path=keep, next_step=then)


def on_timeout(then: State, keep: str = "$.failure") -> Catch:
    return Catch(error_equals=["States.Timeout", "States.HeartbeatTimeout"], result_path=keep, next_step=then)


def on_anything(then: State, keep: str = "$.failure") -> Catch:
    return Catch(error_equals=["States.ALL"], result_path=keep, next_step=then)


def trouble(catch: Catch) -> Catch:
    """Keep the error apart from the failure that is being compensated: the shopper is told the failure."""
    catch.fields["result_path"] = "$.trouble"
    return catch


def names(*errors: type[OmsError]) -> list[str]:
    return [error.__name__ for error in errors]


def choose(name: str, variable: str, when: dict[Any, State], otherwise: State) -> SdkChoice:
    """Route on one field: a task decided the fact."""
    choice = SdkChoice(name)
    for value, then in when.items():
        rule = ChoiceRule.BooleanEquals if isinstance(value, bool) else ChoiceRule.StringEquals
        choice.add_choice(rule(variable=variable, value=value), then)
    choice.default_choice(otherwise)
    return choice


def outcome(state: str, about: dict[str, Any] = ORDER, **fields: str) -> Pass:
    """An ending that says what came of it; a field that begins with ``$`` is a path."""
    said = {f"{key}.$" if value.startswith("$") else key: value for key, value in fields.items()}
    return Pass(state, parameters={**about, **said})


def sequence(*steps: State) -> None:
    """Each step leads to the next."""
    for step, following in pairwise(steps):
        step.next(following)


def machine(start: State, *, comment: str, timeout: int) -> Graph:
    return Graph(start, comment=comment, timeout_seconds=timeout)
