"""State machines that start state machines, and activities.

Pages: connect-stepfunctions.html, concepts-activities.html.
"""

from __future__ import annotations

import json
from typing import Any

import asl
from asl import Engine, Execution
from tests.asl.build import load, passing, types

CHILD = asl.load({"StartAt": "A", "States": {"A": passing(Parameters={"got.$": "$"})}}, name="child")
FAILING = asl.load({"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Bad", "Cause": "so"}}}, name="failing")
ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:count"


def start(pattern: str, machine: asl.Machine, engine: Engine | None = None, **fields: Any) -> Execution:
    engine = engine or Engine()
    parameters = {"StateMachineArn": machine.arn, "Input": {"n.$": "$.n"}, "Name": "kid"}
    resource = f"arn:aws:states:::states:startExecution{pattern}"
    engine.add(machine)
    state = {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True, **fields}
    parent = engine.start(load(Start=state), {"n": 1})
    engine.run()
    return parent


def test_request_response_answers_at_once() -> None:
    parent = start("", CHILD)
    assert parent.output["ExecutionArn"] == CHILD.execution_arn("kid", "")
    assert "Status" not in parent.output


def test_sync_gives_the_output_as_text_and_sync_2_as_json() -> None:
    assert json.loads(start(".sync", CHILD).output["Output"]) == {"got": {"n": 1}}
    parent = start(".sync:2", CHILD)
    assert (parent.output["Output"], parent.output["Status"]) == ({"got": {"n": 1}}, "SUCCEEDED")
    assert types(parent)[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]


def test_a_child_that_fails_fails_the_task() -> None:
    parent = start(".sync:2", FAILING)
    assert parent.error == "States.TaskFailed"
    cause = json.loads(str(parent.cause))
    assert (cause["Error"], cause["Cause"], cause["Status"]) == ("Bad", "so", "FAILED")


def test_a_child_is_stopped_when_its_parent_gives_up() -> None:
    slow = asl.load({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 90, "End": True}}}, name="slow")
    engine = Engine()
    parent = start(".sync", slow, engine, TimeoutSeconds=30)
    assert parent.error == "States.Timeout"
    assert engine.executions[slow.execution_arn("kid", "")].status == "ABORTED"


def test_a_name_is_taken_once() -> None:
    engine = Engine()
    engine.add(CHILD)
    engine.start(CHILD, {"other": 1}, name="kid")
    state = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "End": True,
             "Parameters": {"StateMachineArn": CHILD.arn, "Name": "kid"}}  # fmt: skip
    parent = engine.start(load(Start=state), {})
    engine.run()
    assert parent.error == "StepFunctions.ExecutionAlreadyExistsException"


def waiting(**fields: Any) -> tuple[Engine, Execution]:
    engine = Engine()
    state = {"Type": "Task", "Resource": ACTIVITY, "End": True, **fields}
    execution = engine.start(load(Count=state), {"n": 4})
    engine.run_due()
    return engine, execution


def test_a_worker_fetches_a_task_and_answers_it() -> None:
    engine, execution = waiting()
    fetched: list[Any] = []
    engine.activities.poll(ACTIVITY, "worker-1", fetched.append)
    assert json.loads(fetched[0]["input"]) == {"n": 4}
    engine.send_task_success(fetched[0]["taskToken"], {"counted": 4})
    assert execution.output == {"counted": 4}
    assert types(execution)[2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]


def test_a_worker_waits_a_minute_for_work() -> None:
    engine, fetched = Engine(), []
    engine.activities.poll(ACTIVITY, None, fetched.append)
    engine.advance(30)
    execution = engine.start(load(Count={"Type": "Task", "Resource": ACTIVITY, "End": True}), {})
    engine.run_due()
    assert len(fetched) == 1
    engine.activities.poll(ACTIVITY, None, fetched.append)
    engine.advance(60)
    assert fetched[1] is None
    assert execution.running


def test_an_activity_nobody_takes_times_out() -> None:
    engine, execution = waiting(TimeoutSeconds=20)
    engine.run()
    assert types(execution)[-2:] == ["ActivityTimedOut", "ExecutionFailed"]
