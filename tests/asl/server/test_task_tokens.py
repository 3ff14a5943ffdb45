"""Task tokens and activities over boto3, by connect-to-resource.html and concepts-activities.html."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from typing import Any

import pytest
from botocore.exceptions import ClientError

from asl.engine.requests import TaskRequest
from tests.asl.serving import ROLE, advance, client, outcome, serving

CALLBACK = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
    "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}},
    "HeartbeatSeconds": 600,
    "TimeoutSeconds": 3600,
    "End": True,
}


class Ask:
    """A function that puts its task tokens in a queue."""

    def __init__(self) -> None:
        self.tokens: Queue[str] = Queue()

    def __call__(self, request: TaskRequest) -> Any:
        self.tokens.put(request.payload["Payload"]["token"])
        return {"asked": True}


@pytest.fixture
def ask() -> Ask:
    return Ask()


@pytest.fixture
def sfn(ask: Ask) -> Iterator[Any]:
    with serving(invoke=ask) as client:
        yield client


def start(sfn: Any, state: dict[str, Any]) -> str:
    definition = json.dumps({"StartAt": "S", "States": {"S": state}})
    machine = sfn.create_state_machine(name="machine", definition=definition, roleArn=ROLE)["stateMachineArn"]
    arn: str = sfn.start_execution(stateMachineArn=machine, input='{"n": 1}')["executionArn"]
    return arn


def code_of(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    code: str = caught.value.response["Error"]["Code"]
    return code


def types(sfn: Any, arn: str) -> list[str]:
    return [event["type"] for event in sfn.get_execution_history(executionArn=arn)["events"]]


def test_send_task_success_completes_the_task(sfn: Any, ask: Ask) -> None:
    arn = start(sfn, CALLBACK)
    token = ask.tokens.get(timeout=30)

    sfn.send_task_success(taskToken=token, output='{"yes": true}')

    assert outcome(sfn, arn)["output"] == '{"yes":true}'
    assert types(sfn, arn)[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    assert code_of(sfn.send_task_success, taskToken=token, output="1") == "TaskTimedOut"


def test_send_task_failure_fails_the_task(sfn: Any, ask: Ask) -> None:
    arn = start(sfn, CALLBACK)

    sfn.send_task_failure(taskToken=ask.tokens.get(timeout=30), error="No", cause="said so")

    ended = outcome(sfn, arn)
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "No", "said so")


def test_heartbeats_keep_a_task_alive_until_its_deadline(sfn: Any, ask: Ask) -> None:
    arn = start(sfn, CALLBACK)
    token = ask.tokens.get(timeout=30)
    for _ in range(5):
        advance(sfn, 599)
        sfn.send_task_heartbeat(taskToken=token)
    assert sfn.describe_execution(executionArn=arn)["status"] == "RUNNING"

    advance(sfn, 606)

    ended = outcome(sfn, arn)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Timeout")
    assert code_of(sfn.send_task_heartbeat, taskToken=token) == "TaskTimedOut"


def test_a_missed_heartbeat_times_the_task_out(sfn: Any, ask: Ask) -> None:
    arn = start(sfn, CALLBACK)
    ask.tokens.get(timeout=30)
    advance(sfn, 600)
    ended = outcome(sfn, arn)
    assert ended["error"] == "States.Timeout"
    assert (ended["stopDate"] - ended["startDate"]).total_seconds() == pytest.approx(600, abs=1)


def test_a_callback_before_the_call_returns_is_delivered_after_it() -> None:
    """A function may complete its own token: TaskSubmitted still comes first."""
    sent: list[Any] = []

    def complete_own_token(request: TaskRequest) -> Any:
        client(sfn.port).send_task_success(taskToken=request.token, output='"early"')
        sent.append(request.token)
        return {}

    with serving(invoke=complete_own_token) as sfn:
        arn = start(sfn, CALLBACK)
        assert outcome(sfn, arn)["output"] == '"early"'
        assert types(sfn, arn)[4:6] == ["TaskSubmitted", "TaskSucceeded"]
    assert len(sent) == 1


def test_a_callback_before_the_call_fails_completes_the_task() -> None:
    def complete_and_fail(request: TaskRequest) -> Any:
        function_client = client(sfn.port)
        function_client.send_task_success(taskToken=request.token, output='"early"')
        assert code_of(function_client.send_task_success, taskToken=request.token, output='"late"') == "TaskTimedOut"
        raise RuntimeError("too late")

    with serving(invoke=complete_and_fail) as sfn:
        arn = start(sfn, CALLBACK)
        assert outcome(sfn, arn)["output"] == '"early"'
        assert types(sfn, arn)[3:5] == ["TaskStarted", "TaskSucceeded"]


def test_invalid_callbacks_are_refused(sfn: Any, ask: Ask) -> None:
    start(sfn, CALLBACK)
    token = ask.tokens.get(timeout=30)
    assert code_of(sfn.send_task_success, taskToken=token, output="{") == "InvalidOutput"
    assert code_of(sfn.send_task_success, taskToken="token", output="{}") == "InvalidToken"


def test_an_activity_worker_completes_a_task(sfn: Any) -> None:
    activity = sfn.create_activity(name="pack")["activityArn"]
    assert sfn.create_activity(name="pack")["activityArn"] == activity
    arn = start(sfn, {"Type": "Task", "Resource": activity, "End": True})

    task = sfn.get_activity_task(activityArn=activity, workerName="me")
    sfn.send_task_success(taskToken=task["taskToken"], output='"packed"')

    assert json.loads(task["input"]) == {"n": 1}
    assert outcome(sfn, arn)["output"] == '"packed"'
    events = sfn.get_execution_history(executionArn=arn)["events"]
    assert [event["type"] for event in events[2:5]] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
    assert events[3]["activityStartedEventDetails"] == {"workerName": "me"}


def test_an_activity_poll_waits_for_a_task(sfn: Any) -> None:
    activity = sfn.create_activity(name="pack")["activityArn"]
    with ThreadPoolExecutor(1) as worker:
        polling = worker.submit(client(sfn.port).get_activity_task, activityArn=activity)
        start(sfn, {"Type": "Task", "Resource": activity, "End": True})
        assert json.loads(polling.result(30)["input"]) == {"n": 1}


def test_activities_are_listed_tagged_and_deleted(sfn: Any) -> None:
    arns = [sfn.create_activity(name=name)["activityArn"] for name in ("b", "a")]
    assert [each["name"] for each in sfn.list_activities()["activities"]] == ["a", "b"]
    sfn.tag_resource(resourceArn=arns[0], tags=[{"key": "k", "value": "v"}])
    sfn.delete_activity(activityArn=arns[0])
    sfn.delete_activity(activityArn=arns[0])
    assert code_of(sfn.describe_activity, activityArn=arns[0]) == "ActivityDoesNotExist"
    assert code_of(sfn.get_activity_task, activityArn=arns[0]) == "ActivityDoesNotExist"
    assert sfn.describe_activity(activityArn=arns[1])["name"] == "a"
