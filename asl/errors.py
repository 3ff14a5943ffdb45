"""What can go wrong while a state machine runs, by the names that the States Language gives it."""

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
