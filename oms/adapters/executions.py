"""Step Functions by its API."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from oms.adapters.clients import Aws, called
from oms.domain.errors import ExecutionsUnavailable
from oms.ports import Run

LONGEST_ERROR = 256
LONGEST_CAUSE = 32_768


class StepFunctions:
    def __init__(self, aws: Aws, arns: Mapping[str, str]) -> None:
        """``arns`` are the state machines', by the names that ``start`` takes."""
        self._aws = aws
        self._arns = arns

    def start(self, machine: str, name: str, payload: Mapping[str, Any]) -> None:
        client = self._aws.stepfunctions()
        request = {"stateMachineArn": self._arns[machine], "name": name, "input": json.dumps(payload)}
        try:
            called(client.start_execution, ExecutionsUnavailable, **request)
        except client.exceptions.ExecutionAlreadyExists:
            return

    def find(self, machine: str, name: str) -> Run | None:
        client = self._aws.stepfunctions()
        arn = f"{self._arns[machine].replace(':stateMachine:', ':execution:')}:{name}"
        try:
            told = called(client.describe_execution, ExecutionsUnavailable, executionArn=arn)
        except client.exceptions.ExecutionDoesNotExist:
            return None
        redrivable = told.get("redriveStatus") == "REDRIVABLE"
        return Run(arn, told["status"], json.loads(told["input"]), redrivable)

    def redrive(self, arn: str) -> bool:
        client = self._aws.stepfunctions()
        try:
            called(client.redrive_execution, ExecutionsUnavailable, executionArn=arn)
        except (client.exceptions.ExecutionNotRedrivable, client.exceptions.ExecutionDoesNotExist):
            return False
        return True

    def succeed(self, token: str, output: Mapping[str, Any]) -> bool:
        return self._told(self._aws.stepfunctions().send_task_success, taskToken=token, output=json.dumps(output))

    def fail(self, token: str, error: str, cause: str) -> bool:
        told = {"error": error[:LONGEST_ERROR], "cause": cause[:LONGEST_CAUSE]}
        return self._told(self._aws.stepfunctions().send_task_failure, taskToken=token, **told)

    def heartbeat(self, token: str) -> bool:
        return self._told(self._aws.stepfunctions().send_task_heartbeat, taskToken=token)

    def _told(self, operation: Callable[..., Any], **request: Any) -> bool:
        gone = self._aws.stepfunctions().exceptions
        try:
            called(operation, ExecutionsUnavailable, **request)
        except (gone.TaskTimedOut, gone.InvalidToken, gone.TaskDoesNotExist):
            return False
        return True
