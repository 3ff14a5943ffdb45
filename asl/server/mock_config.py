"""Mock configuration in the format of Step Functions Local: the results of tasks, by test case and state.

An execution of ``<state machine ARN>#<test case>`` takes its task results from here.
https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-mock-cfg-file.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from asl.language.errors import StatesError
from asl.server.errors import invalid


class MockConfig:
    """A parsed mock configuration, and how many calls each state of each execution has made."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.cases = {
            (machine, case): states
            for machine, machine_config in config.get("StateMachines", {}).items()
            for case, states in machine_config.get("TestCases", {}).items()
        }
        self.responses = {name: _by_call(response) for name, response in config.get("MockedResponses", {}).items()}
        self.calls: Counter[tuple[str, str]] = Counter()

    def check(self, machine: str, case: str) -> None:
        """Raises ValidationException if the configuration has no such test case."""
        if (machine, case) not in self.cases:
            raise invalid(f"The mock configuration has no test case '{case}' of the state machine '{machine}'")

    def answer(self, machine: str, case: str, execution: str, state: str) -> tuple[bool, Any]:
        """Whether a state's task is mocked, and the response to its next call: a result or a StatesError."""
        name = self.cases[machine, case].get(state)
        if name is None:
            return False, None
        call = self.calls[execution, state]
        self.calls[execution, state] += 1
        responses = self.responses[name]
        response = responses.get(call)
        if response is None:
            configured = ", ".join(map(str, sorted(responses)))
            cause = f"The mocked response '{name}' has no call {call}, only {configured}"
            return True, StatesError("States.Runtime", cause)
        if "Throw" in response:
            error = response["Throw"]
            return True, StatesError(error.get("Error", "States.TaskFailed"), error.get("Cause"))
        return True, response["Return"]


def _by_call(response: Mapping[str, Any]) -> dict[int, Any]:
    """``{"0": …, "1-2": …}`` as one response for each call."""
    responses: dict[int, Any] = {}
    for calls, content in response.items():
        first, _, last = calls.partition("-")
        responses |= dict.fromkeys(range(int(first), int(last or first) + 1), content)
    return responses
