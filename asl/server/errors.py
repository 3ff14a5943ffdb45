"""The API's errors: a code and a message, as AWS words them.

https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html and each action's page.
"""

from __future__ import annotations


class ApiError(Exception):
    """An error response with AWS's code and message, and an HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def no_machine(arn: str) -> ApiError:
    return ApiError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")


def no_execution(arn: str) -> ApiError:
    return ApiError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")


def no_activity(arn: str) -> ApiError:
    return ApiError("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")


def no_resource(arn: str) -> ApiError:
    return ApiError("ResourceNotFound", f"Resource not found: '{arn}'")


def invalid_arn(reason: str) -> ApiError:
    return ApiError("InvalidArn", f"Invalid Arn: '{reason}'")


def invalid_token() -> ApiError:
    return ApiError("InvalidToken", "Invalid Token: 'Invalid token'")


def invalid(message: str) -> ApiError:
    return ApiError("ValidationException", message)


def wrong_type() -> ApiError:
    return ApiError("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine")
