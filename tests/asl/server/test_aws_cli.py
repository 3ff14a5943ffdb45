"""The unchanged AWS command line against the server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.asl.serving import ROLE, outcome, serving

AWS = Path(sys.executable).with_name("aws")
KEYS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1", "AWS_PAGER": ""}
DEFINITION = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": [1, 2], "End": True}}})


@pytest.fixture
def sfn() -> Iterator[Any]:
    with serving() as client:
        yield client


def aws(sfn: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(AWS), "--endpoint-url", f"http://127.0.0.1:{sfn.port}", "stepfunctions", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **KEYS, "PYTHONWARNINGS": "ignore"}
    )


def test_a_machine_is_created_run_and_described(sfn: Any) -> None:
    created = aws(sfn, "create-state-machine", "--name", "cli", "--definition", DEFINITION, "--role-arn", ROLE)
    machine = json.loads(created.stdout)["stateMachineArn"]
    arn = json.loads(aws(sfn, "start-execution", "--state-machine-arn", machine, "--name", "one").stdout)[
        "executionArn"
    ]
    outcome(sfn, arn)

    arguments = ("describe-execution", "--execution-arn", arn, "--query", "[status,output]", "--output", "text")
    assert aws(sfn, *arguments).stdout.split() == ["SUCCEEDED", "[1,2]"]


def test_an_error_has_the_message_of_aws(sfn: Any) -> None:
    arn = "arn:aws:states:us-east-1:000000000000:stateMachine:none"
    completed = aws(sfn, "describe-state-machine", "--state-machine-arn", arn)
    assert completed.returncode != 0
    message = f"DescribeStateMachine operation: State Machine Does Not Exist: '{arn}'"
    assert f"(StateMachineDoesNotExist) when calling the {message}" in completed.stderr
