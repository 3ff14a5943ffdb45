"""The authoring SDK's own Workflow against the server: created, executed, watched, updated, deleted.

Run by `make test-sdk`; the SDK lives in an environment of its own.
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
seen = Workflow.attach(arn, client=client).list_executions()
listed = [one["name"] for one in Workflow.list_workflows(client=client)]
workflow.delete()
left = Workflow.list_workflows(client=client)
status = waiting.describe()["status"]
print("RESULT" + json.dumps([output, events, status, len(seen), listed, left]))
"""


def test_the_sdks_workflow_works_unchanged() -> None:
    with serving() as sfn:
        command = [str(PYTHON), "-W", "ignore", "-c", SCRIPT, str(sfn.port), ROLE]
        done = subprocess.run(command, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.rpartition("RESULT")[2])
    events = ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    assert result == [{"hello": "you"}, events, "ABORTED", 2, ["sdk"], []]
