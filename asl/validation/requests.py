"""Checks of the requests CreateStateMachine and UpdateStateMachine, with AWS's errors.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html#API_CreateStateMachine_Errors
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Any

from asl.validation.definitions import parse_definition
from asl.validation.diagnostics import InvalidDefinition

_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")
_VERSION = re.compile(r".*:stateMachine:[^:]+:\d+")


class Rejected(ValueError):
    """A request that AWS would reject.

    Attributes:
        code: AWS's name of the error, such as ``InvalidLoggingConfiguration``.
        message: its text.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def check_name(name: str) -> None:
    """Check the name of a state machine, an execution or an activity. Raises Rejected (``InvalidName``)."""
    if _NAME.fullmatch(name) is None:
        raise Rejected("InvalidName", f"Invalid Name: '{name}'")


def check_logging(configuration: dict[str, Any] | None, log_groups: Container[str] | None = None) -> None:
    """Check a logging configuration; `log_groups` are the ARNs that exist, None to accept any.

    Raises Rejected (``InvalidLoggingConfiguration``).
    """
    if not configuration or configuration.get("level", "OFF") == "OFF":
        return
    destinations = configuration.get("destinations") or []
    if len(destinations) != 1:
        _reject_logging("Must specify exactly one Log Destination.")
    arn = destinations[0].get("cloudWatchLogsLogGroup", {}).get("logGroupArn", "")
    if log_groups is not None and arn.removesuffix(":*") not in log_groups and arn not in log_groups:
        _reject_logging("Log Destination not found.")


def _reject_logging(reason: str) -> None:
    raise Rejected("InvalidLoggingConfiguration", f"Invalid Logging Configuration: {reason}")


def check_definition(definition: str, type: str = "STANDARD", *, any_task: bool = False) -> dict[str, Any]:
    """The definition as an object. Raises Rejected (``InvalidDefinition``)."""
    try:
        return parse_definition(definition, type, any_task=any_task)
    except InvalidDefinition as error:
        raise Rejected("InvalidDefinition", str(error)) from None


def check_not_a_version(arn: str) -> None:
    """A published version can't be updated. Raises Rejected (``StateMachineDoesNotExist``)."""
    if _VERSION.fullmatch(arn):
        raise Rejected("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
