"""The conformance runner: one scenario of each kind."""

from __future__ import annotations

import json
from typing import Any

from asl.conformance.runner import run_scenario

INVOKE = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
DEFINITION: dict[str, Any] = {
    "StartAt": "Echo",
    "States": {"Echo": {**INVOKE, "Parameters": {"FunctionName": "echo", "Payload.$": "$"}, "OutputPath": "$.Payload"}},
}
EXECUTION: dict[str, Any] = {
    "id": "echo",
    "kind": "execution",
    "definition": DEFINITION,
    "input": '{"n": 1}',
    "type": "STANDARD",
    "machine_name": "machine",
    "execution_name": "run",
    "role": "arn:aws:iam::111111111111:role/sfn-role",
    "lambdas": [{"name": "echo", "behaviour": "echo"}],
    "setup": [],
    "driver": [],
    "aux_machines": [],
    "aux_started": [],
}


def test_an_execution_is_answered_with_its_outcome_and_history() -> None:
    answer = run_scenario(EXECUTION)
    assert (answer["id"], answer["status"], json.loads(answer["output"])) == ("echo", "SUCCEEDED", {"n": 1})
    types = [event["type"] for event in answer["events"]]
    assert types[:2] == ["ExecutionStarted", "TaskStateEntered"]
    assert types[-1] == "ExecutionSucceeded"


def test_a_function_that_raises_fails_the_execution_with_its_error() -> None:
    raising = {"name": "echo", "behaviour": "raise", "errorType": "Declined", "errorMessage": "no"}
    answer = run_scenario({**EXECUTION, "lambdas": [raising]})
    assert (answer["status"], answer["error"]) == ("FAILED", "Declined")


def test_a_recorded_callback_is_sent_to_the_waiting_task() -> None:
    parameters = {"FunctionName": "echo", "Payload": {"token.$": "$$.Task.Token"}}
    state = {**INVOKE, "Resource": f"{INVOKE['Resource']}.waitForTaskToken", "Parameters": parameters}
    definition = {"StartAt": "Ask", "States": {"Ask": state}}
    driver = [{"op": "send_task_success", "params": {"output": '"yes"'}}]
    answer = run_scenario({**EXECUTION, "definition": definition, "driver": driver})
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", '"yes"')


def test_the_other_kinds_of_scenarios() -> None:
    passing = json.dumps({"Type": "Pass", "Next": "Done"})
    tested = run_scenario({"id": "a", "kind": "test_state", "params": {"definition": passing, "input": "{}"}})
    assert (tested["status"], tested["nextState"]) == ("SUCCEEDED", "Done")

    params = {"name": "machine"}
    invalid = {"id": "b", "kind": "create_error", "op": "create_state_machine", "params": params}
    assert run_scenario({**invalid, "definition_text": "{}"})["code"] == "InvalidDefinition"
    assert run_scenario({**invalid, "definition_text": json.dumps(DEFINITION)})["code"] == "StateMachineAlreadyExists"

    validation = {"id": "c", "kind": "validate", "params": {}, "definition_text": json.dumps(DEFINITION)}
    assert run_scenario(validation)["result"] == "OK"
