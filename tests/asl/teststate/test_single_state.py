"""Tests of one state in isolation.

Pages: test-state-isolation.html ("Using TestState API") and API_TestState.html: statuses, mocks, state configuration,
context, inspection levels.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from asl.engine.requests import Complete, TaskRequest
from asl.teststate.api import Rejected, test_state

ROLE = "arn:aws:iam::210987654321:role/tester"
TASK: dict[str, Any] = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "InputPath": "$.order",
    "Parameters": {"FunctionName": "price", "Payload": {"id.$": "$.id"}},
    "ResultSelector": {"total.$": "$.Payload.total"},
    "ResultPath": "$.price",
    "Next": "Charge",
}
RESULT = {"Payload": {"total": 12}, "StatusCode": 200}


def call_test_state(state: dict[str, Any], value: Any = None, **params: Any) -> dict[str, Any]:
    """Call TestState with JSON values; `result` and `error` are mocks."""
    request: dict[str, Any] = {"definition": json.dumps(state), "inspectionLevel": "DEBUG", **params}
    if value is not None:
        request["input"] = json.dumps(value)
    if "result" in request:
        request["mock"] = {"result": json.dumps(request.pop("result"))}
    if "error" in request:
        request["mock"] = {"errorOutput": {"error": request.pop("error"), "cause": "mocked"}}
    return test_state(request)


def inspection_of(answer: dict[str, Any]) -> dict[str, Any]:
    """The inspection data, with its JSON texts parsed."""
    return {
        name: json.loads(value) if isinstance(value, str) else value for name, value in answer["inspectionData"].items()
    }


def rejection(*args: Any, **kwargs: Any) -> tuple[str, str]:
    with pytest.raises(Rejected) as caught:
        call_test_state(*args, **kwargs)
    return caught.value.code, caught.value.message


def test_inspection_data_of_a_tcall_test_state() -> None:
    order = {"order": {"id": 7}}
    answer = call_test_state(TASK, order, result=RESULT)
    assert (answer["status"], answer["nextState"]) == ("SUCCEEDED", "Charge")
    assert json.loads(answer["output"]) == {"order": {"id": 7}, "price": {"total": 12}}
    assert inspection_of(answer) == {
        "input": order,
        "afterInputPath": {"id": 7},
        "afterParameters": {"FunctionName": "price", "Payload": {"id": 7}},
        "result": RESULT,
        "afterResultSelector": {"total": 12},
        "afterResultPath": {"order": {"id": 7}, "price": {"total": 12}},
    }


def test_level_info_has_no_inspection_data() -> None:
    assert set(call_test_state(TASK, {"order": {"id": 7}}, result=RESULT, inspectionLevel="INFO")) == {
        "status",
        "output",
        "nextState",
    }


def test_inspection_data_of_a_jsonata_tcall_test_state() -> None:
    state = {
        "Type": "Task",
        "QueryLanguage": "JSONata",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Arguments": {"MessageBody": "{% $states.input.n * 2 %}"},
        "Output": "{% $states.result.MessageId & $v %}",
        "End": True,
    }
    answer = call_test_state(state, {"n": 4}, result={"MessageId": "m"}, variables='{"v": "!"}')
    assert answer["output"] == '"m!"'
    assert inspection_of(answer) == {
        "input": {"n": 4},
        "afterArguments": {"MessageBody": 8},
        "result": {"MessageId": "m"},
        "variables": {"v": "!"},
    }


def test_inspection_data_has_the_variables_after_the_state() -> None:
    state = {"Type": "Pass", "Assign": {"x.$": "$.a"}, "End": True}
    assert inspection_of(call_test_state(state, {"a": 1}, variables='{"y": 2}'))["variables"] == {"x": 1, "y": 2}


@pytest.mark.parametrize(
    ("state", "names"),
    [
        (
            {"Type": "Pass", "End": True},
            {"afterInputPath", "afterParameters", "afterResultSelector", "afterResultPath"},
        ),
        ({"Type": "Pass", "Result": 1, "End": True}, {"result", "afterResultSelector", "afterResultPath"}),
        ({"Type": "Succeed"}, {"afterInputPath"}),
        ({"Type": "Fail", "Error": "E"}, {"afterInputPath"}),
        ({"Type": "Wait", "Seconds": 3600, "End": True}, {"afterInputPath"}),
        ({"Type": "Choice", "Choices": [{"Variable": "$.a", "IsPresent": True, "Next": "B"}]}, {"afterInputPath"}),
        ({"Type": "Pass", "QueryLanguage": "JSONata", "Output": 1, "End": True}, set()),
    ],
)
def test_inspection_data_of_other_states(state: dict[str, Any], names: set[str]) -> None:
    assert set(call_test_state(state, {"a": 1})["inspectionData"]) == names | {"input"}


def test_a_choice_selects_the_next_state_or_fails_without_a_match() -> None:
    state = {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "One"}]}
    assert call_test_state(state, {"n": 1})["nextState"] == "One"
    answer = call_test_state(state, {"n": 2})
    assert answer["status"] == "FAILED"
    assert answer["cause"].startswith("Failed to transition out of the state.")


def test_a_state_of_a_machine_is_selected_by_name() -> None:
    inner = {"StartAt": "Deep", "States": {"Deep": {"Type": "Fail", "Error": "Inside"}}}
    machine = {
        "StartAt": "First",
        "States": {
            "First": {"Type": "Pass", "Next": "Second"},
            "Second": {"Type": "Map", "ItemProcessor": inner, "End": True},
        },
    }
    assert call_test_state(machine)["nextState"] == "Second"
    assert call_test_state(machine, stateName="Deep")["error"] == "Inside"
    assert rejection(machine, stateName="Third")[0] == "ValidationException"


RESILIENT = {
    **TASK,
    "Retry": [
        {"ErrorEquals": ["Busy"], "IntervalSeconds": 3, "BackoffRate": 2, "MaxAttempts": 2},
        {"ErrorEquals": ["Slow"], "IntervalSeconds": 1},
    ],
    "Catch": [
        {"ErrorEquals": ["Other"], "Next": "X"},
        {"ErrorEquals": ["States.ALL"], "Next": "Repair", "ResultPath": "$.e"},
    ],
}


@pytest.mark.parametrize(("attempts", "delay"), [(0, 3), (1, 6)])
def test_an_error_that_is_retried(attempts: int, delay: int) -> None:
    answer = call_test_state(
        RESILIENT, {"order": {"id": 7}}, error="Busy", stateConfiguration={"retrierRetryCount": attempts}
    )
    assert (answer["status"], answer["error"], answer["cause"]) == ("RETRIABLE", "Busy", "mocked")
    assert inspection_of(answer)["errorDetails"] == {"retryIndex": 0, "retryBackoffIntervalSeconds": delay}
    assert "output" not in answer


def test_an_error_after_the_last_retry_is_caught() -> None:
    answer = call_test_state(RESILIENT, {"order": {"id": 7}}, error="Busy", stateConfiguration={"retrierRetryCount": 2})
    assert (answer["status"], answer["nextState"], answer["error"]) == ("CAUGHT_ERROR", "Repair", "Busy")
    assert json.loads(answer["output"]) == {"order": {"id": 7}, "e": {"Error": "Busy", "Cause": "mocked"}}
    assert inspection_of(answer)["errorDetails"] == {"catchIndex": 1}


def test_an_uncaught_error() -> None:
    answer = call_test_state(TASK, {"order": {"id": 7}}, error="Busy")
    assert (answer["status"], answer["error"], answer["cause"]) == ("FAILED", "Busy", "mocked")


def test_a_broken_path_fails_the_state_with_the_inspection_data_so_far() -> None:
    answer = call_test_state({**TASK, "Parameters": {"id.$": "$.gone"}}, {"order": {"id": 7}}, result=RESULT)
    assert answer["error"] == "States.Runtime"
    assert answer["cause"].startswith("The JSONPath '$.gone' specified for the field 'id.$' could not be found")
    assert set(answer["inspectionData"]) == {"input", "afterInputPath"}


MAP = {
    "Type": "Map",
    "ItemsPath": "$.items",
    "ItemSelector": {"v.$": "$$.Map.Item.Value"},
    "MaxConcurrency": 3,
    "ItemProcessor": {"StartAt": "B", "States": {"B": {"Type": "Pass", "End": True}}},
    "ResultPath": "$.done",
    "End": True,
}


def test_a_map_with_mocked_iterations() -> None:
    answer = call_test_state(MAP, {"items": [1, 2]}, result=["a", "b"])
    assert json.loads(answer["output"]) == {"items": [1, 2], "done": ["a", "b"]}
    assert inspection_of(answer)["afterItemsPath"] == [1, 2]
    assert inspection_of(answer)["afterItemSelector"] == [{"v": 1}, {"v": 2}]
    assert inspection_of(answer)["maxConcurrency"] == 3


@pytest.mark.parametrize(
    ("failed", "error"), [(1, "Boom"), (2, "States.ExceedToleratedFailureThreshold"), (None, "Boom")]
)
def test_how_many_failures_a_map_tolerates(failed: int | None, error: str) -> None:
    configuration = {"mapIterationFailureCount": failed} if failed is not None else {}
    state = {**MAP, "ToleratedFailureCount": 1}
    answer = call_test_state(state, {"items": [1, 2]}, error="Boom", stateConfiguration=configuration)
    assert (answer["status"], answer["error"]) == ("FAILED", error)


def test_a_map_takes_its_items_from_map_item_reader_data() -> None:
    processor = {**MAP["ItemProcessor"], "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    state = {
        "Type": "Map",
        "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}},
        "ItemProcessor": processor,
        "End": True,
    }
    answer = call_test_state(state, {}, result=[1], stateConfiguration={"mapItemReaderData": "[5]"})
    assert answer["output"] == "[1]"


def test_the_context_object_is_the_given_or_a_generated_one() -> None:
    state = {"Type": "Pass", "Parameters": {"c.$": "$$"}, "End": True}
    assert json.loads(call_test_state(state, context="{}")["output"]) == {"c": {}}
    made = json.loads(call_test_state(state, {"n": 1}, roleArn=ROLE)["output"])["c"]
    assert made["State"]["Name"] == "StateName"
    assert made["State"]["RetryCount"] == 0
    assert made["Execution"]["Input"] == {"n": 1}
    assert ":210987654321:express:" in made["Execution"]["Id"]


def test_a_task_token_comes_from_the_context() -> None:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"MessageBody.$": "$$.Task.Token"},
        "End": True,
    }
    answer = call_test_state(state, result={"ok": True}, context='{"Task": {"Token": "t-1"}}')
    assert inspection_of(answer)["afterParameters"] == {"MessageBody": "t-1"}
    assert answer["output"] == '{"ok":true}'


def test_a_task_without_a_mock_is_called() -> None:
    requests: list[TaskRequest] = []

    def invoke(request: TaskRequest, complete: Complete) -> None:
        requests.append(request)
        complete(RESULT)

    params = {"definition": json.dumps(TASK), "input": '{"order": {"id": 7}}', "roleArn": ROLE}
    assert test_state(params, invoke)["status"] == "SUCCEEDED"
    assert requests[0].payload == {"FunctionName": "price", "Payload": {"id": 7}}


PASS = {"Type": "Pass", "End": True}
PARALLEL = {"Type": "Parallel", "Branches": [{"StartAt": "B", "States": {"B": PASS}}], "End": True}


@pytest.mark.parametrize(
    ("state", "params", "message"),
    [
        (PASS, {"result": 1}, "State type 'Pass' is not supported when a mock is specified"),
        (TASK, {}, "RoleArn must be specified when testing a Task state"),
        (
            TASK,
            {"result": 1, "revealSecrets": True},
            "TestState does not support RevealSecrets when a mock is specified.",
        ),
        (
            TASK,
            {"stateConfiguration": {"retrierRetryCount": 1}},
            "TestState does not support RetrierRetryCount when a mock is not specified.",
        ),
        (
            TASK,
            {"mock": {"result": "1", "errorOutput": {}}},
            "A test mock should have only one of the following fields: [result, errorOutput].",
        ),
        (MAP, {"result": {}}, "Mocked result must be an array."),
        (
            PARALLEL,
            {"result": [1, 2]},
            "Mocked result must contain the same number of items as number of Parallel branches.",
        ),
        (
            TASK,
            {"result": {"StatusCode": "200"}},
            "Mock result schema validation error: Field 'StatusCode' must be a number",
        ),
        (PASS, {"context": '{"Extra": {}}'}, "Invalid Context object provided: Field 'Extra' is not allowed"),
        (PASS, {"context": '{"State": {"Name": 1}}'}, "Invalid Context object provided: State.Name must be a string"),
        (
            PASS,
            {"context": '{"Map": {}}'},
            "Invalid Context object provided: 'Map' field is not supported when mocking a Context object",
        ),
    ],
)
def test_invalid_requests_are_rejected(state: dict[str, Any], params: dict[str, Any], message: str) -> None:
    assert rejection(state, **params) == ("ValidationException", message)


def test_an_invalid_definition_is_rejected_with_its_diagnostics() -> None:
    code, message = rejection({"Type": "Pass"})
    assert code == "InvalidDefinition"
    assert message.endswith("only one of the following fields: [Next, End] at /States/StateName'")
    assert rejection(PARALLEL)[0] == "InvalidDefinition"


@pytest.mark.parametrize("mode", ["NONE", "PRESENT", "STRICT"])
def test_how_strictly_a_mock_is_compared_with_the_api(mode: str) -> None:
    state = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "End": True}
    for result, modes in [({}, {"NONE", "PRESENT"}), ({"ExecutionArn": 5}, {"NONE"})]:
        mock = {"result": json.dumps(result), "fieldValidationMode": mode}
        if mode in modes:
            assert call_test_state(state, mock=mock)["status"] == "SUCCEEDED"
        else:
            assert rejection(state, mock=mock)[0] == "ValidationException"
