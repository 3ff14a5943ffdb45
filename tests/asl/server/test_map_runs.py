"""Map Runs over boto3, by concepts-examine-map-run.html."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from asl.engine.requests import TaskRequest
from asl.language.errors import StatesError
from tests.asl.serving import ROLE, outcome, serving

EACH = {
    "Type": "Map",
    "Label": "each",
    "ToleratedFailureCount": 1,
    "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Do",
        "States": {
            "Do": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:do", "End": True}
        },
    },
    "End": True,
}


def do(request: TaskRequest) -> Any:
    if request.payload == 2:
        raise StatesError("Odd", "even")
    return request.payload * 10


def test_a_map_run_and_its_children_are_described() -> None:
    with serving(invoke=do) as sfn:
        definition = json.dumps({"StartAt": "Each", "States": {"Each": EACH}})
        machine = sfn.create_state_machine(name="machine", definition=definition, roleArn=ROLE)["stateMachineArn"]
        arn = sfn.start_execution(stateMachineArn=machine, input="[1, 2, 3]")["executionArn"]
        assert outcome(sfn, arn)["output"] == "[10,30]"

        (listed,) = sfn.list_map_runs(executionArn=arn)["mapRuns"]
        run = sfn.describe_map_run(mapRunArn=listed["mapRunArn"])
        children = sfn.list_executions(mapRunArn=listed["mapRunArn"])["executions"]
        failed = sfn.list_executions(mapRunArn=listed["mapRunArn"], statusFilter="FAILED")["executions"]
        child = sfn.describe_execution(executionArn=failed[0]["executionArn"])
        history = sfn.get_execution_history(executionArn=failed[0]["executionArn"])["events"]

        assert ":mapRun:machine/each:" in run["mapRunArn"]
        assert (run["status"], run["executionArn"], run["toleratedFailureCount"]) == ("SUCCEEDED", arn, 1)
        counted = {name: number for name, number in run["itemCounts"].items() if number}
        assert counted == {"total": 3, "succeeded": 2, "failed": 1, "resultsWritten": 3}
        assert [each["status"] for each in children] == ["SUCCEEDED", "FAILED", "SUCCEEDED"]
        assert (child["input"], child["error"], child["mapRunArn"]) == ("2", "Odd", run["mapRunArn"])
        assert (history[0]["type"], history[-1]["type"]) == ("ExecutionStarted", "ExecutionFailed")
        with pytest.raises(ClientError, match="ResourceNotFound"):
            sfn.describe_map_run(mapRunArn=run["mapRunArn"] + "x")
