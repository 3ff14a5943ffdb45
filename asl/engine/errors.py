"""What an engine refuses.

LookupError
├── TaskDoesNotExist: a token that no task waits for
└── NoTask: a task that nobody can run
ValueError
└── ExecutionAlreadyExists: a name that is taken
"""

from __future__ import annotations


class TaskDoesNotExist(LookupError):
    """No task waits for the token any more: it was answered, it timed out, or there never was one."""

    def __init__(self) -> None:
        super().__init__("Task Timed Out: 'Provided task does not exist anymore'")


class NoTask(LookupError):
    """No callable stands for a task: a mistake in the test, not an error of the execution."""


class ExecutionAlreadyExists(ValueError):
    """An execution of that name has another input, or has ended."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"Execution Already Exists: '{arn}'")
