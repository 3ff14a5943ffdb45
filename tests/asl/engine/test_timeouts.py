"""Timeouts and heartbeats, of tasks and of whole executions.

Page: state-task.html ("Task state timeouts and heartbeats"), sfn-stuck-execution.html.
"""

from __future__ import annotations

import pytest

import asl
from asl import NEVER, Engine, after
from tests.asl.build import answering, callback, load, passing, seconds, task, types


def test_a_task_that_never_answers_times_out() -> None:
    execution = load(Work=task(TimeoutSeconds=30)).run(tasks={"Work": answering(NEVER)})
    assert (execution.status, execution.error, execution.cause) == ("FAILED", "States.Timeout", None)
    assert types(execution)[-2:] == ["LambdaFunctionTimedOut", "ExecutionFailed"]
    assert seconds(execution, "LambdaFunctionTimedOut") == [30]


def test_an_answer_after_the_timeout_changes_nothing() -> None:
    catch = [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}]
    machine = load(
        Work=task(TimeoutSeconds=30, Catch=catch), Late={"Type": "Wait", "Seconds": 60, "Next": "End"}, End=passing()
    )
    execution = machine.run(tasks={"Work": answering(after(45, "too late"))})
    assert execution.output["Error"] == "States.Timeout"
    assert seconds(execution, "ExecutionSucceeded") == [90]


def test_the_limits_come_by_path() -> None:
    machine = load(Work=task(TimeoutSecondsPath="$.limit", HeartbeatSecondsPath="$.beat"))
    execution = machine.run({"limit": 50, "beat": 20}, tasks={"Work": answering(NEVER)})
    assert seconds(execution, "LambdaFunctionTimedOut") == [20]


def test_the_limits_come_by_expression() -> None:
    machine = load({"QueryLanguage": "JSONata"}, Work=task(TimeoutSeconds="{% $states.input.limit * 2 %}"))
    execution = machine.run({"limit": 5}, tasks={"Work": answering(NEVER)})
    assert seconds(execution, "LambdaFunctionTimedOut") == [10]


def test_heartbeats_keep_a_task_alive_until_they_stop() -> None:
    tokens: list[str] = []
    engine = Engine(tasks={"Ask": lambda payload: tokens.append(payload["token"])})
    execution = engine.start(load(Ask=callback(HeartbeatSeconds=60, TimeoutSeconds=600)), {})
    for _ in range(5):
        engine.advance(50)
        engine.send_task_heartbeat(tokens[0])
    assert execution.running
    engine.advance(61)
    assert execution.error == "States.Timeout"
    assert seconds(execution, "TaskTimedOut") == [310]


def test_the_execution_has_a_limit_too() -> None:
    machine = load({"TimeoutSeconds": 100}, Wait={"Type": "Wait", "Seconds": 101, "End": True})
    execution = machine.run()
    assert (execution.status, execution.error) == ("TIMED_OUT", "States.Timeout")
    assert types(execution)[-1] == "ExecutionTimedOut"
    assert execution.stopped_at == execution.started_at + 100


def test_an_express_execution_lives_five_minutes() -> None:
    definition = load(Wait={"Type": "Wait", "Seconds": 3600, "End": True}).definition
    execution = asl.load(definition, type="EXPRESS").run()
    assert (execution.status, execution.stopped_at) == ("TIMED_OUT", execution.started_at + 300)


def test_a_three_day_wait_takes_no_time() -> None:
    execution = load(Wait={"Type": "Wait", "Seconds": 259_200, "End": True}).run()
    assert seconds(execution, "WaitStateExited") == [259_200]


def test_a_token_has_a_deadline_of_fourteen_days() -> None:
    execution = load(Ask=callback(TimeoutSeconds=14 * 86_400)).run(tasks={"Ask": answering(None)})
    assert seconds(execution, "TaskTimedOut") == [14 * 86_400]


def test_a_loop_of_a_year() -> None:
    again = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.day", "NumericLessThan": 365, "Next": "Day"}],
        "Default": "End",
    }
    machine = load(
        Day={"Type": "Wait", "Seconds": 86_400, "Next": "Count"},
        Count=passing(Parameters={"day.$": "States.MathAdd($.day, 1)"}, Next="Again"),
        Again=again,
        End={"Type": "Succeed"},
    )
    execution = machine.run({"day": 0})
    assert execution.output == {"day": 365}
    assert execution.stopped_at == execution.started_at + 365 * 86_400


@pytest.mark.parametrize("limit", [0, -1, "soon"])
def test_a_limit_must_be_positive(limit: object) -> None:
    execution = load(Work=task(TimeoutSecondsPath="$.limit")).run({"limit": limit}, tasks={"Work": answering(1)})
    assert execution.error == "States.Runtime"
