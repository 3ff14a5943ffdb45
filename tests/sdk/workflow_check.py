"""The stepfunctions SDK's Workflow against the server: create, execute, list events, update, delete.

`make test-sdk` runs it, because the SDK needs an environment of its own.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.asl.serving import ROLE, serving

PYTHON = Path(__file__).parents[2] / ".venv-authoring" / "bin" / "python"
SCRIPT = """
import json, sys
import boto3
from stepfunctions.steps import Chain, Pass, Wait
from stepfunctions.workflow import ExecutionStatus, Workflow

port, role = sys.argv[1:]
keys = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
client = boto3.client("stepfunctions", endpoint_url=f"http://127.0.0.1:{port}", **keys)
workflow = Workflow("sdk", definition=Chain([Pass("Hello", result={"hello": "you"})]), role=role, client=client)
arn = workflow.create()
execution = workflow.execute(inputs={"n": 1})
output = execution.get_output(wait=True)
events = [event["type"] for event in execution.list_events()]
workflow.update(definition=Chain([Wait("Long", seconds=1000)]))
waiting = workflow.execute(name="waiting")
waiting.stop(error="Enough", cause="of it")
executions = Workflow.attach(arn, client=client).list_executions()
names = [each["name"] for each in Workflow.list_workflows(client=client)]
workflow.delete()
remaining = Workflow.list_workflows(client=client)
status = waiting.describe()["status"]
print("RESULT" + json.dumps([output, events, status, len(executions), names, remaining]))
"""


def test_the_workflow_of_the_sdk_works_unchanged() -> None:
    with serving() as sfn:
        command = [str(PYTHON), "-W", "ignore", "-c", SCRIPT, str(sfn.port), ROLE]
        completed = subprocess.run(command, capture_output=True, text=True)

    assert completed.returncode == 0, completed.stderr
    result = json.loads(completed.stdout.rpartition("RESULT")[2])
    events = ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    assert result == [{"hello": "you"}, events, "ABORTED", 2, ["sdk"], []]
