"""Executions in Step Functions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from oms.adapters.aws.clients import Aws
from oms.adapters.aws.json_protocol import AwsError, AwsUnavailable
from oms.domain.errors import ExecutionsUnavailable
from oms.ports import ExecutionDescription

MAX_ERROR_LENGTH, MAX_CAUSE_LENGTH = 256, 32_768

NOT_WAITING = frozenset({"TaskTimedOut", "InvalidToken", "TaskDoesNotExist"})
"""No task waits for the token any more."""


class StepFunctions:
    def __init__(self, aws: Aws, arns: Mapping[str, str]) -> None:
        """``arns`` are the ARNs of the state machines, by the names that ``start`` takes."""
        self._aws = aws
        self._arns = arns

    def start(self, machine: str, name: str, payload: Mapping[str, Any]) -> bool:
        request = {"stateMachineArn": self._arns[machine], "name": name, "input": json.dumps(payload)}
        return self._call("StartExecution", expected={"ExecutionAlreadyExists"}, **request) is not None

    def find(self, machine: str, name: str) -> ExecutionDescription | None:
        arn = f"{self._arns[machine].replace(':stateMachine:', ':execution:')}:{name}"
        execution = self._call("DescribeExecution", expected={"ExecutionDoesNotExist"}, executionArn=arn)
        if execution is None:
            return None
        is_redrivable = execution["redriveStatus"] == "REDRIVABLE"
        return ExecutionDescription(arn, execution["status"], json.loads(execution["input"]), is_redrivable)

    def redrive(self, arn: str) -> bool:
        expected = {"ExecutionNotRedrivable", "ExecutionDoesNotExist"}
        return self._call("RedriveExecution", expected, executionArn=arn) is not None

    def succeed(self, token: str, output: Mapping[str, Any]) -> bool:
        return (
            self._call("SendTaskSuccess", expected=NOT_WAITING, taskToken=token, output=json.dumps(output)) is not None
        )

    def fail(self, token: str, error: str, cause: str) -> bool:
        failure = {"error": error[:MAX_ERROR_LENGTH], "cause": cause[:MAX_CAUSE_LENGTH]}
        return self._call("SendTaskFailure", expected=NOT_WAITING, taskToken=token, **failure) is not None

    def heartbeat(self, token: str) -> bool:
        return self._call("SendTaskHeartbeat", expected=NOT_WAITING, taskToken=token) is not None

    def _call(self, operation: str, expected: set[str] | frozenset[str], **request: Any) -> Mapping[str, Any] | None:
        """The response, or None for an error whose code is expected."""
        try:
            response: Mapping[str, Any] = self._aws.stepfunctions().call(operation, **request)
            return response
        except AwsUnavailable as error:
            raise ExecutionsUnavailable(str(error)) from error
        except AwsError as error:
            if error.code in expected:
                return None
            raise
