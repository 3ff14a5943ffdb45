"""Mock configuration files in the format of Step Functions Local: which test case answers which state, and with what.

An execution of ``<state machine ARN>#<test case>`` gets its tasks' answers from here.
https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-mock-cfg-file.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from asl.language.errors import StatesError
from asl.server.errors import invalid


class Mocks:
    """A mock configuration, checked."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.cases = {
            (machine, case): states
            for machine, about in config.get("StateMachines", {}).items()
            for case, states in about.get("TestCases", {}).items()
        }
        self.responses = {name: _by_attempt(response) for name, response in config.get("MockedResponses", {}).items()}
        self.calls: Counter[tuple[str, str]] = Counter()

    def check(self, machine: str, case: str) -> None:
        """Raises ValidationException for a test case that the configuration doesn't have."""
        if (machine, case) not in self.cases:
            raise invalid(f"The mock configuration has no test case '{case}' of the state machine '{machine}'")

    def answer(self, machine: str, case: str, execution: str, state: str) -> tuple[bool, Any]:
        """Whether a state's task is mocked, and the answer to its next call: a result, or a StatesError."""
        name = self.cases[machine, case].get(state)
        if name is None:
            return False, None
        attempt = self.calls[execution, state]
        self.calls[execution, state] += 1
        responses = self.responses[name]
        response = responses.get(attempt)
        if response is None:
            known = ", ".join(map(str, sorted(responses)))
            return True, StatesError(
                "States.Runtime", f"The mocked response '{name}' has no call {attempt}, only {known}"
            )
        if "Throw" in response:
            thrown = response["Throw"]
            return True, StatesError(thrown.get("Error", "States.TaskFailed"), thrown.get("Cause"))
        return True, response["Return"]


def _by_attempt(response: Mapping[str, Any]) -> dict[int, Any]:
    """``{"0": …, "1-2": …}`` as one answer a call."""
    answers: dict[int, Any] = {}
    for calls, answer in response.items():
        first, _, last = calls.partition("-")
        answers |= dict.fromkeys(range(int(first), int(last or first) + 1), answer)
    return answers
