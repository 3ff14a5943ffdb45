"""Stubs for task functions in tests."""

from __future__ import annotations

from typing import Any

from asl.language.errors import StatesError


def fails(error: str, cause: str | None = None) -> StatesError:
    """A result that fails the task, for `TaskStub`."""
    return StatesError(error, cause)


class TaskStub:
    """A task function that gives its results in turn, then repeats the last one.

    pay = TaskStub(fails("Busy"), fails("Busy"), {"paid": True})

    A result that is an exception is raised; one that is callable is called with the payload.

    Attributes:
        calls: the payloads of all calls.
    """

    def __init__(self, *results: Any) -> None:
        if not results:
            raise ValueError("a stub needs at least one result")
        self.results = results
        self.calls: list[Any] = []

    def __call__(self, payload: Any) -> Any:
        result = self.results[min(len(self.calls), len(self.results) - 1)]
        self.calls.append(payload)
        if isinstance(result, BaseException):
            raise result
        return result(payload) if callable(result) else result
