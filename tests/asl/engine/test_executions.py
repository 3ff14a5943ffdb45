"""Executions as a whole: their history's shape, their limits, variables, waiting, stopping.

Pages: API_GetExecutionHistory.html, service-quotas.html, workflow-variables.html, input-output-contextobject.html.
"""

from __future__ import annotations

from typing import Any

import pytest

import asl
from asl import Engine, ExecutionAlreadyExists, NoTask
from tests.asl.build import answering, graph, load, passing, task, types

AGAIN = {"Type": "Choice", "Choices": [{"Variable": "$.end", "IsPresent": True, "Next": "End"}], "Default": "A"}
TOO_MUCH = "x" * 262_144


def test_the_history_has_the_shape_of_the_api() -> None:
    execution = load(A=passing(Result={"b": 1}, Assign={"v": 2})).run({"a": 1}, name="n")
    started, entered, exited, succeeded = execution.history
    assert started["executionStartedEventDetails"]["input"] == '{"a":1}'
    assert entered["stateEnteredEventDetails"] == {
        "name": "A",
        "input": '{"a":1}',
        "inputDetails": {"truncated": False},
    }
    assert exited["stateExitedEventDetails"]["assignedVariables"] == {"v": "2"}
    assert succeeded["executionSucceededEventDetails"]["output"] == '{"b":1}'
    assert [event["id"] for event in execution.history] == [1, 2, 3, 4]
    assert [event["previousEventId"] for event in execution.history] == [0, 0, 2, 3]


def test_the_context_object() -> None:
    execution = load(A=passing(Parameters={"c.$": "$$"})).run({"a": 1}, name="n")
    context = execution.output["c"]
    assert context["Execution"] == {
        "Id": execution.arn, "Input": {"a": 1}, "Name": "n", "RedriveCount": 0,
        "RoleArn": execution.machine.role_arn, "StartTime": "2026-01-01T00:00:00.000Z",
    }  # fmt: skip
    assert context["State"] == {"EnteredTime": "2026-01-01T00:00:00.000Z", "Name": "A"}
    assert context["StateMachine"] == {"Id": execution.machine.arn, "Name": "StateMachine"}


def test_a_payload_has_256_kibibytes_at_the_most() -> None:
    fits = load(A=passing(Result="x" * (262_144 - 2))).run()
    assert fits.status == "SUCCEEDED"
    execution = load(A=passing(Result="x" * (262_144 - 1))).run()
    assert execution.error == "States.DataLimitExceeded"
    assert types(execution) == ["ExecutionStarted", "PassStateEntered", "ExecutionFailed"]


def test_the_limit_counts_bytes_not_characters() -> None:
    assert load(A=passing(Result="é" * 140_000)).run().error == "States.DataLimitExceeded"


def test_a_task_whose_result_is_too_large_can_be_caught() -> None:
    catch = [{"ErrorEquals": ["States.DataLimitExceeded"], "Next": "Small"}]
    execution = load(Work=task(Catch=catch), Small=passing()).run(tasks={"Work": answering(TOO_MUCH)})
    assert execution.path == ["Work", "Small"]


def test_the_history_holds_25_000_events_and_the_last_one_says_so() -> None:
    execution = load(A=passing(Next="B"), B=AGAIN, End=passing()).run({})
    assert len(execution.history) == 25_000
    assert execution.history[-1]["type"] == "ExecutionFailed"
    assert execution.cause == "The execution reached the maximum number of history events (25000)."


def test_the_limit_holds_inside_tasks_too() -> None:
    execution = load(A=task("A", Next="B"), B=AGAIN, End=passing()).run(tasks={"A": answering({})})
    assert (len(execution.history), execution.status) == (25_000, "FAILED")


def test_an_express_execution_has_no_such_limit() -> None:
    count = passing(Parameters={"n.$": "States.MathAdd($.n, 1)"}, Next="More")
    more = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.n", "NumericLessThan": 9_000, "Next": "Count"}],
        "Default": "End",
    }
    machine = asl.load(graph(Count=count, More=more, End={"Type": "Succeed"}), type="EXPRESS")
    assert machine.run({"n": 0}).output == {"n": 9_000}


def test_a_choice_without_a_match_fails() -> None:
    pick = {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsPresent": True, "Next": "End"}]}
    execution = load(Pick=pick, End=passing()).run({})
    assert execution.error == "States.Runtime"
    assert "does not point to a next state" in str(execution.cause)


def test_variables_live_until_they_are_assigned_again() -> None:
    machine = load(
        A=passing(Assign={"x": 1}, Next="B"),
        B=passing(Assign={"x": 2, "was.$": "$x"}, Next="C"),
        C=passing(Parameters={"x.$": "$x", "was.$": "$was"}),
    )
    assert machine.run({}).output == {"x": 2, "was": 1}


def test_a_stopped_execution_stays_stopped() -> None:
    engine = Engine(tasks={"Work": answering(asl.after(10, 1))})
    execution = engine.start(load(Work=task()), {})
    engine.run_due()
    engine.stop(execution)
    engine.run()
    assert (execution.status, types(execution)[-1]) == ("ABORTED", "ExecutionAborted")
    assert execution.history[-1]["previousEventId"] == 0


def test_a_running_name_is_the_same_execution_and_a_used_one_is_not() -> None:
    engine = Engine()
    machine = load(Wait={"Type": "Wait", "Seconds": 5, "End": True})
    first = engine.start(machine, {"a": 1}, name="n")
    assert engine.start(machine, {"a": 1}, name="n") is first
    with pytest.raises(ExecutionAlreadyExists):
        engine.start(machine, {"a": 2}, name="n")
    engine.run()
    with pytest.raises(ExecutionAlreadyExists):
        engine.start(machine, {"a": 1}, name="n")


def test_a_task_without_a_function_is_a_mistake_of_the_test() -> None:
    with pytest.raises(NoTask, match="'Work'"):
        load(Work=task("Missing")).run()


@pytest.mark.parametrize("name", ["Work", "Charge", "arn:aws:lambda:us-east-1:123456789012:function:Charge"])
def test_a_function_is_found_by_state_by_name_and_by_arn(name: str) -> None:
    assert load(Work=task("Charge")).run(tasks={name: answering("ok")}).output == "ok"


def test_a_placeholder_names_a_function() -> None:
    machine = load(Work={"Type": "Task", "Resource": "${ChargeArn}", "End": True})
    assert machine.run(tasks={"ChargeArn": answering(1)}).output == 1
    assert machine.run(tasks={"${ChargeArn}": answering(2)}).output == 2


def test_a_task_gets_a_copy_and_cannot_change_what_the_engine_holds() -> None:
    def spoil(payload: dict[str, Any]) -> None:
        payload["a"] = "spoilt"

    assert load(Work=task(ResultPath=None)).run({"a": 1}, tasks={"Work": spoil}).output == {"a": 1}


def test_a_result_that_is_not_json_fails_the_task() -> None:
    assert load(Work=task()).run(tasks={"Work": answering({1, 2})}).error == "Runtime.MarshalError"


def test_invoke_wraps_what_the_function_returns() -> None:
    parameters = {"FunctionName": "Charge", "Payload.$": "$.body"}
    state = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters, "End": True}
    output = load(Work=state).run({"body": {"n": 2}}, tasks={"Charge": lambda body: body["n"] * 2}).output
    assert (output["Payload"], output["StatusCode"]) == (4, 200)


@pytest.mark.parametrize(
    ("fields", "after"),
    [
        ({"Seconds": 30}, 30),
        ({"SecondsPath": "$.n"}, 12),
        ({"Timestamp": "2026-01-01T00:01:00Z"}, 60),
        ({"TimestampPath": "$.at"}, 3600),
        ({"Timestamp": "2020-01-01T00:00:00Z"}, 0),
    ],
)
def test_a_wait_ends_at_its_moment(fields: dict[str, Any], after: float) -> None:
    execution = load(Wait={"Type": "Wait", "End": True, **fields}).run({"n": 12, "at": "2026-01-01T02:00:00+01:00"})
    assert execution.stopped_at == execution.started_at + after
