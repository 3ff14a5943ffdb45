"""Errors of an execution, by their names in the States Language."""

from __future__ import annotations


class StatesError(Exception):
    """An error with a name that Retry and Catch can match.

    Attributes:
        error: the error name, such as ``States.Timeout`` or a task's own.
        cause: a text for people; None where AWS records none.
    """

    def __init__(self, error: str, cause: str | None = None) -> None:
        super().__init__(error if cause is None else f"{error}: {cause}")
        self.error = error
        self.cause = cause


class PathNotFound(StatesError):
    """A path that matches nothing in the document: ``States.Runtime``.

    Attributes:
        path: the path as written in the definition.
        reason: what is missing, in the words of AWS's JSONPath library.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__("States.Runtime", f"Invalid path '{path}' : {reason}")
        self.path = path
        self.reason = reason


class QueryEvaluationError(StatesError):
    """A JSONata expression that failed; the history records an ``EvaluationFailed`` event for it.

    Attributes:
        location: the field that holds the expression, such as ``Output/result``.
    """

    def __init__(self, location: str, cause: str) -> None:
        super().__init__("States.QueryEvaluationError", cause)
        self.location = location
