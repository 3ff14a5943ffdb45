"""The actions on executions over boto3, by the API reference."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.exceptions import ClientError

from asl.engine.requests import TaskRequest
from asl.language.errors import StatesError
from tests.asl.serving import ROLE, advance, outcome, serving

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:"
PASS = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 259_200, "End": True}}}
TWO_TASKS = {
    "StartAt": "First",
    "States": {
        "First": {"Type": "Task", "Resource": f"{FUNCTION}first", "Next": "Second"},
        "Second": {"Type": "Task", "Resource": f"{FUNCTION}second", "End": True},
    },
}


class Functions:
    """The task functions of these tests. It records each call; those in `broken` fail."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.broken: set[str] = set()

    def __call__(self, request: TaskRequest) -> Any:
        name = request.resource.rpartition(":")[2]
        self.calls.append(name)
        if name in self.broken:
            raise StatesError("Broken", "as told")
        return {name: request.payload}


@pytest.fixture
def functions() -> Functions:
    return Functions()


@pytest.fixture
def sfn(functions: Functions) -> Iterator[Any]:
    with serving(invoke=functions) as client:
        yield client


def create(sfn: Any, definition: dict[str, Any], name: str = "machine", **options: Any) -> str:
    text = json.dumps(definition)
    arn: str = sfn.create_state_machine(name=name, definition=text, roleArn=ROLE, **options)["stateMachineArn"]
    return arn


def refusal(call: Any, **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_an_execution_runs_its_tasks_in_order(sfn: Any, functions: Functions) -> None:
    machine = create(sfn, TWO_TASKS)
    started = sfn.start_execution(stateMachineArn=machine, name="order-1", input='{"n": 1}')

    ended = outcome(sfn, started["executionArn"])

    assert functions.calls == ["first", "second"]
    assert (ended["status"], ended["output"]) == ("SUCCEEDED", '{"second":{"first":{"n":1}}}')
    assert started["executionArn"] == machine.replace(":stateMachine:", ":execution:") + ":order-1"
    assert (ended["input"], ended["redriveStatus"]) == ('{"n": 1}', "NOT_REDRIVABLE")


def test_start_is_idempotent_while_the_execution_runs(sfn: Any) -> None:
    """API_StartExecution.html: idempotent by name and input while the execution is running."""
    machine = create(sfn, WAIT)
    started = sfn.start_execution(stateMachineArn=machine, name="once", input='{"n":1}')

    again = sfn.start_execution(stateMachineArn=machine, name="once", input='{"n":1}')

    assert (again["executionArn"], again["startDate"]) == (started["executionArn"], started["startDate"])
    taken = ("ExecutionAlreadyExists", f"Execution Already Exists: '{started['executionArn']}'")
    assert refusal(sfn.start_execution, stateMachineArn=machine, name="once", input='{"n":2}') == taken
    sfn.stop_execution(executionArn=started["executionArn"])
    assert refusal(sfn.start_execution, stateMachineArn=machine, name="once", input='{"n":1}') == taken


def test_moving_the_clock_ends_a_wait_of_days(sfn: Any) -> None:
    arn = sfn.start_execution(stateMachineArn=create(sfn, WAIT))["executionArn"]
    advance(sfn, 259_199)
    assert sfn.describe_execution(executionArn=arn)["status"] == "RUNNING"

    advance(sfn, 1)

    ended = sfn.describe_execution(executionArn=arn)
    assert ended["status"] == "SUCCEEDED"
    assert (ended["stopDate"] - ended["startDate"]).total_seconds() == pytest.approx(259_200, abs=0.01)


def test_a_stopped_execution_has_error_and_cause(sfn: Any) -> None:
    """API_StopExecution.html"""
    arn = sfn.start_execution(stateMachineArn=create(sfn, WAIT))["executionArn"]

    stopped = sfn.stop_execution(executionArn=arn, error="Enough", cause="of this")

    ended = sfn.describe_execution(executionArn=arn)
    assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "Enough", "of this")
    assert ended["stopDate"] == stopped["stopDate"]
    last = sfn.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=1)["events"][0]
    assert last["executionAbortedEventDetails"] == {"error": "Enough", "cause": "of this"}


def test_a_redrive_continues_from_the_failed_state(sfn: Any, functions: Functions) -> None:
    """redrive-executions.html"""
    functions.broken = {"second"}
    arn = sfn.start_execution(stateMachineArn=create(sfn, TWO_TASKS))["executionArn"]
    failed = outcome(sfn, arn)
    functions.broken = set()

    redriven = sfn.redrive_execution(executionArn=arn)["redriveDate"]

    ended = outcome(sfn, arn)
    assert (failed["status"], failed["error"], failed["redriveStatus"]) == ("FAILED", "Broken", "REDRIVABLE")
    assert (ended["status"], ended["redriveCount"], ended["redriveDate"]) == ("SUCCEEDED", 1, redriven)
    assert functions.calls == ["first", "second", "second"]
    types = [event["type"] for event in sfn.get_execution_history(executionArn=arn)["events"]]
    assert types.count("ExecutionRedriven") == 1
    assert types.index("ExecutionFailed") < types.index("ExecutionRedriven")
    assert refusal(sfn.redrive_execution, executionArn=arn)[0] == "ExecutionNotRedrivable"


def test_history_has_pages_both_orders_and_optional_data(sfn: Any) -> None:
    """API_GetExecutionHistory.html"""
    arn = sfn.start_execution(stateMachineArn=create(sfn, TWO_TASKS))["executionArn"]
    outcome(sfn, arn)
    pages = sfn.get_paginator("get_execution_history").paginate(executionArn=arn, PaginationConfig={"PageSize": 4})

    events = [event for page in pages for event in page["events"]]

    assert [event["id"] for event in events] == list(range(1, 13))
    assert (events[0]["type"], events[-1]["type"]) == ("ExecutionStarted", "ExecutionSucceeded")
    backwards = sfn.get_execution_history(executionArn=arn, reverseOrder=True)["events"]
    assert backwards == events[::-1]
    bare = sfn.get_execution_history(executionArn=arn, includeExecutionData=False)["events"]
    assert bare[1]["stateEnteredEventDetails"] == {"name": "First"}


def test_executions_are_listed_newest_first_by_status(sfn: Any) -> None:
    """API_ListExecutions.html"""
    machine = create(sfn, PASS)
    for n in range(5):
        outcome(sfn, sfn.start_execution(stateMachineArn=machine, name=str(n))["executionArn"])

    first = sfn.list_executions(stateMachineArn=machine, maxResults=3)
    rest = sfn.list_executions(stateMachineArn=machine, maxResults=3, nextToken=first["nextToken"])

    assert [each["name"] for each in first["executions"] + rest["executions"]] == ["4", "3", "2", "1", "0"]
    assert "nextToken" not in rest
    assert sfn.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"] == []
    assert sfn.list_executions(stateMachineArn=machine, redriveFilter="REDRIVEN")["executions"] == []
    other = {"stateMachineArn": machine, "statusFilter": "FAILED", "nextToken": first["nextToken"]}
    assert refusal(sfn.list_executions, **other)[0] == "InvalidToken"


def test_running_executions_are_listed(sfn: Any) -> None:
    machine = create(sfn, WAIT)
    started = [sfn.start_execution(stateMachineArn=machine, name=str(n)) for n in range(3)]
    sfn.stop_execution(executionArn=started[1]["executionArn"])

    listed = sfn.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]

    assert [each["name"] for each in listed] == ["2", "0"]


def test_an_express_execution_can_be_synchronous(sfn: Any) -> None:
    """API_StartSyncExecution.html"""
    machine = create(sfn, TWO_TASKS, type="EXPRESS")

    ended = sfn.start_sync_execution(stateMachineArn=machine, input="1", name="quick")

    assert (ended["status"], ended["output"]) == ("SUCCEEDED", '{"second":{"first":1}}')
    assert ended["executionArn"].split(":")[5:8] == ["express", "machine", "quick"]
    assert ended["billingDetails"]["billedDurationInMilliseconds"] % 100 == 0
    assert refusal(sfn.list_executions, stateMachineArn=machine)[0] == "StateMachineTypeNotSupported"
    standard = create(sfn, PASS, name="standard")
    assert refusal(sfn.start_sync_execution, stateMachineArn=standard)[0] == "StateMachineTypeNotSupported"


def test_a_nested_execution_is_started_and_waited_for(sfn: Any) -> None:
    """connect-stepfunctions.html"""
    inner = create(sfn, TWO_TASKS, name="inner")
    start = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": True}
    start["Parameters"] = {"StateMachineArn": inner, "Input": {"n": 1}, "Name": "child"}
    outer = create(sfn, {"StartAt": "S", "States": {"S": start}}, name="outer")

    ended = outcome(sfn, sfn.start_execution(stateMachineArn=outer)["executionArn"])

    assert json.loads(ended["output"])["Output"] == {"second": {"first": {"n": 1}}}
    child = sfn.describe_execution(executionArn=inner.replace(":stateMachine:", ":execution:") + ":child")
    assert (child["status"], child["input"]) == ("SUCCEEDED", '{"n": 1}')


def test_the_sdk_integration_calls_this_server(sfn: Any) -> None:
    """supported-services-awssdk.html"""
    describe = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sfn:describeStateMachine", "End": True}
    describe["Parameters"] = {"StateMachineArn.$": "$"}
    machine = create(sfn, {"StartAt": "D", "States": {"D": describe}})

    existing = outcome(sfn, sfn.start_execution(stateMachineArn=machine, input=json.dumps(machine))["executionArn"])
    missing = outcome(
        sfn, sfn.start_execution(stateMachineArn=machine, input=json.dumps(machine + "x"))["executionArn"]
    )

    assert json.loads(existing["output"])["Name"] == "machine"
    assert missing["error"] == "Sfn.StateMachineDoesNotExistException"


def test_test_state_runs_one_state(sfn: Any) -> None:
    """API_TestState.html"""
    state = {"Type": "Task", "Resource": f"{FUNCTION}first", "Next": "Then"}

    tested = sfn.test_state(definition=json.dumps(state), roleArn=ROLE, input="5")

    assert (tested["status"], tested["output"], tested["nextState"]) == ("SUCCEEDED", '{"first":5}', "Then")
    assert refusal(sfn.test_state, definition="{}", roleArn=ROLE)[0] == "InvalidDefinition"


def test_mocked_responses_apply_to_their_test_case(functions: Functions) -> None:
    """sfn-local-mock-cfg-file.html"""
    task = {"Type": "Task", "Resource": f"{FUNCTION}first", "End": True}
    task["Retry"] = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1}]
    mocks = {
        "StateMachines": {"machine": {"TestCases": {"Busy": {"First": "BusyOnce"}}}},
        "MockedResponses": {"BusyOnce": {"0": {"Throw": {"Error": "Busy", "Cause": "now"}}, "1-3": {"Return": 7}}},
    }
    with serving(invoke=functions, mocks=mocks) as sfn:
        machine = create(sfn, {"StartAt": "First", "States": {"First": task}})
        arn = sfn.start_execution(stateMachineArn=f"{machine}#Busy")["executionArn"]
        advance(sfn, 1)
        real = sfn.start_execution(stateMachineArn=machine)["executionArn"]

        assert outcome(sfn, arn)["output"] == "7"
        assert outcome(sfn, real)["output"] == '{"first":{}}'
        assert refusal(sfn.start_execution, stateMachineArn=f"{machine}#Other")[0] == "ValidationException"
    assert functions.calls == ["first"]


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"input": "{"}, "InvalidExecutionInput"),
        ({"name": "a/b"}, "InvalidName"),
        ({"stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:none"}, "StateMachineDoesNotExist"),
        ({"stateMachineArn": "arn:aws:states:us-east-1:000000000000:execution:a:b"}, "InvalidArn"),
        ({"input": "[" * 301 + "]" * 301}, "ValidationException"),
        ({"input": '"' + "x" * 262_144 + '"'}, "ValidationException"),
    ],
)
def test_an_invalid_start_is_refused(sfn: Any, parameters: dict[str, str], code: str) -> None:
    assert refusal(sfn.start_execution, **({"stateMachineArn": create(sfn, PASS)} | parameters))[0] == code


def test_an_unknown_execution(sfn: Any) -> None:
    arn = "arn:aws:states:us-east-1:000000000000:execution:machine:none"
    for call in (sfn.describe_execution, sfn.get_execution_history, sfn.stop_execution, sfn.redrive_execution):
        assert refusal(call, executionArn=arn) == ("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")


def test_a_lone_surrogate_is_stored(sfn: Any) -> None:
    """JSON can hold a lone surrogate, UTF-8 can't."""
    machine = create(sfn, {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": "a\ud800", "End": True}}})
    arn = sfn.start_execution(stateMachineArn=machine, input='"\\ud800"')["executionArn"]

    assert outcome(sfn, arn)["output"].startswith('"a')
    assert outcome(sfn, sfn.start_execution(stateMachineArn=machine)["executionArn"])["status"] == "SUCCEEDED"


def test_an_engine_defect_ends_one_execution_only(sfn: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = create(sfn, WAIT)
    broken, fine = (sfn.start_execution(stateMachineArn=machine, name=name)["executionArn"] for name in ("a", "b"))
    execution = sfn.server.runner.engine.executions[broken]
    monkeypatch.setattr(execution, "deliver", None)
    monkeypatch.setattr("asl.server.execution_runner.logger.disabled", True)

    advance(sfn, 259_200)

    assert outcome(sfn, fine)["status"] == "SUCCEEDED"
    ended = outcome(sfn, broken)
    assert (ended["status"], ended["error"]) == ("ABORTED", "States.Runtime")


def test_the_number_of_running_executions_is_limited(functions: Functions) -> None:
    with serving(invoke=functions, max_running=1) as sfn:
        machine = create(sfn, WAIT)
        sfn.start_execution(stateMachineArn=machine)
        assert refusal(sfn.start_execution, stateMachineArn=machine)[0] == "ExecutionLimitExceeded"


def test_malformed_requests_get_an_error_response(sfn: Any) -> None:
    def post(target: str, body: bytes) -> tuple[int, str]:
        request = Request(f"http://127.0.0.1:{sfn.port}/", body, {"X-Amz-Target": target})
        with pytest.raises(HTTPError) as caught:
            urlopen(request)
        with caught.value as response:
            return response.code, json.load(response)["__type"]

    assert post("AWSStepFunctions.Nothing", b"{}") == (400, "UnknownOperationException")
    assert post("AWSStepFunctions.ListActivities", b"{") == (400, "SerializationException")
    assert post("AWSStepFunctions.ListActivities", b"[]") == (400, "SerializationException")
    assert post("AWSStepFunctions.ListActivities", b'{"maxResults": "x"}') == (400, "SerializationException")
    assert post("AWSStepFunctions.ListActivities", b" " * 5_000_000) == (413, "RequestEntityTooLarge")
    with urlopen(f"http://127.0.0.1:{sfn.port}/health") as response:
        assert json.load(response) == {"status": "ok", "running": 0}


STARTS = {
    "StartAt": "S",
    "States": {
        "S": {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution",
            "Parameters": {"StateMachineArn.$": "$.machine", "Name": "once", "Input": {}},
            "End": True,
        }
    },
}


def test_a_nested_start_with_the_name_of_an_ended_execution_fails(sfn: Any) -> None:
    child, parent = create(sfn, PASS, "child"), create(sfn, STARTS, "parent")
    taken = sfn.start_execution(stateMachineArn=child, name="once")["executionArn"]
    outcome(sfn, taken)

    started = sfn.start_execution(stateMachineArn=parent, input=json.dumps({"machine": child}))

    ended = outcome(sfn, started["executionArn"])
    assert (ended["status"], ended["error"]) == ("FAILED", "StepFunctions.ExecutionAlreadyExistsException")
    assert [each["name"] for each in sfn.list_executions(stateMachineArn=child)["executions"]] == ["once"]
