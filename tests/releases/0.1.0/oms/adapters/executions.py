"""Step Functions by its API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from oms.adapters.aws_json import Refused, Unanswered
from oms.adapters.clients import Aws
from oms.domain.errors import ExecutionsUnavailable
from oms.ports import Run

LONGEST_ERROR = 256
LONGEST_CAUSE = 32_768

GONE = frozenset({"TaskTimedOut", "InvalidToken", "TaskDoesNotExist"})
"""Nothing waits under the token any more."""


class StepFunctions:
    def __init__(self, aws: Aws, arns: Mapping[str, str]) -> None:
        """``arns`` are the state machines', by the names that ``start`` takes."""
        self._aws = aws
        self._arns = arns

    def start(self, machine: str, name: str, payload: Mapping[str, Any]) -> bool:
        request = {"stateMachineArn": self._arns[machine], "name": name, "input": json.dumps(payload)}
        return self._called("StartExecution", but={"ExecutionAlreadyExists"}, **request) is not None

    def find(self, machine: str, name: str) -> Run | None:
        arn = f"{self._arns[machine].replace(':stateMachine:', ':execution:')}:{name}"
        told = self._called("DescribeExecution", but={"ExecutionDoesNotExist"}, executionArn=arn)
        if told is None:
            return None
        return Run(arn, told["status"], json.loads(told["input"]), told["redriveStatus"] == "REDRIVABLE")

    def redrive(self, arn: str) -> bool:
        refusals = {"ExecutionNotRedrivable", "ExecutionDoesNotExist"}
        return self._called("RedriveExecution", but=refusals, executionArn=arn) is not None

    def succeed(self, token: str, output: Mapping[str, Any]) -> bool:
        return self._called("SendTaskSuccess", but=GONE, taskToken=token, output=json.dumps(output)) is not None

    def fail(self, token: str, error: str, cause: str) -> bool:
        told = {"error": error[:LONGEST_ERROR], "cause": cause[:LONGEST_CAUSE]}
        return self._called("SendTaskFailure", but=GONE, taskToken=token, **told) is not None

    def heartbeat(self, token: str) -> bool:
        return self._called("SendTaskHeartbeat", but=GONE, taskToken=token) is not None

    def _called(self, operation: str, but: set[str] | frozenset[str], **request: Any) -> Mapping[str, Any] | None:
        """The answer, or None for a refusal that is an answer too."""
        try:
            answer: Mapping[str, Any] = self._aws.stepfunctions().call(operation, **request)
            return answer
        except Unanswered as error:
            raise ExecutionsUnavailable(str(error)) from error
        except Refused as refused:
            if refused.code in but:
                return None
            raise
