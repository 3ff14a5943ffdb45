"""A parked execution that may be resumed: the states that it passes through, and the arguments of each.

``resume_paths.json`` is the part of the committed definitions that follows ParkOrder; ``make definitions`` writes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from oms.domain import parking
from oms.domain.order import Order

PATHS = Path(__file__).with_name("resume_paths.json")
INPUT_FIELD = re.compile(r"\$\.(\w+)")
FORMATTED_FIELD = re.compile(r"States\.Format\('([^']*)', \$\.(\w+)\)")

VariableValue = Callable[[str], str]
"""The value of a variable on which a Choice state decides, such as ``$.parked.resume``."""


@dataclass(frozen=True)
class ParkedExecution:
    arn: str
    machine: str
    input: Mapping[str, Any]

    def direction(self, order: Order) -> str:
        """Where it goes once it is resumed: ``forward``, ``backward``, ``refund`` or ``superseded``."""
        return parking.resume_direction(order, self.arguments("ParkOrder").get("cancellation_id", ""))

    def next_task(self, state: str, value_of: VariableValue, error: str = "") -> str:
        """The task state after a state that has succeeded, or has failed with an error; empty if there is none."""
        definition = self._states[state]
        following = self._after_error(state, error) if error else definition["Next"]
        while self._states[following]["Type"] == "Choice":
            choice = self._states[following]
            cases = {case["StringEquals"]: case["Next"] for case in choice["Choices"]}
            following = cases.get(value_of(choice["Choices"][0]["Variable"]), choice["Default"])
        ends = following == "ParkOrder" or self._states[following]["Type"] == "Pass"
        return "" if ends else following

    def arguments(self, state: str) -> dict[str, Any]:
        """The parameters of a state, as far as the definition and the execution's input determine them."""
        arguments = {}
        for name, template in self._states[state]["Parameters"].items():
            value = self._value(template) if name.endswith(".$") else template
            if value is not None:
                arguments[name.removesuffix(".$")] = value
        return arguments

    def started_machine(self, state: str) -> str:
        """The state machine that a state starts; empty for a task."""
        arn: str = self._states[state]["Parameters"].get("StateMachineArn", "")
        return arn.removeprefix("${").removesuffix("Arn}")

    @property
    def _states(self) -> Mapping[str, Mapping[str, Any]]:
        return _states_by_machine()[self.machine]

    def _after_error(self, state: str, error: str) -> str:
        catchers = self._states[state].get("Catch", ())
        following: str = next(each["Next"] for each in catchers if {error, "States.ALL"} & {*each["ErrorEquals"]})
        return following

    def _value(self, template: str) -> Any:
        if match := FORMATTED_FIELD.fullmatch(template):
            return match[1].replace("{}", str(self.input[match[2]]))
        match = INPUT_FIELD.fullmatch(template)
        return self.input.get(match[1]) if match else None


@cache
def _states_by_machine() -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    states: Mapping[str, Mapping[str, Mapping[str, Any]]] = json.loads(PATHS.read_text())
    return states
