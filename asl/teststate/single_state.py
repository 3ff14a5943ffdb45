"""The definition of a single-state test: the state, its data, and the mock that replaces its work."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from asl.engine.requests import Invoke
from asl.language.errors import StatesError

DEFAULT_ROLE = "arn:aws:iam::123456789012:role/TestState"


@dataclass(frozen=True)
class StateMock:
    """A result, or an error, that replaces the work of a state."""

    result: Any = None
    error: StatesError | None = None

    def outcome(self) -> Any:
        """The result; raises the error if there is one."""
        if self.error is not None:
            raise StatesError(self.error.error, self.error.cause)
        return self.result


@dataclass
class SingleStateTest:
    """A test of one state.

    Attributes:
        name, spec, language: the state in its machine; `language` is the machine's query language.
        input, variables: the state's input and the variables in scope.
        invoke: runs a task request that isn't mocked.
        context: the context object; None for a generated one.
        role_arn: the execution role; its account is the machine's.
        mock: replaces the state's work; None to run it.
        items: the items of a Map's ItemReader.
        failed_items: the number of a Map's iterations that fail with the mocked error.
        retries: the attempts that the matching retrier has made.
        started_at: the time of the test, in seconds since 1970.
        inspection: the state's data after each of its fields; filled by the test.
    """

    name: str
    spec: dict[str, Any]
    language: str
    input: Any
    invoke: Invoke
    variables: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] | None = None
    role_arn: str = DEFAULT_ROLE
    mock: StateMock | None = None
    items: Any = None
    failed_items: int | None = None
    retries: int = 0
    started_at: float = 0.0
    seed: int = 0
    inspection: dict[str, Any] = field(default_factory=dict)
