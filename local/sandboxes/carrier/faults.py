"""Calls that go wrong on demand, before or after their effect: ``POST /_sandbox/next`` says which."""

from __future__ import annotations

from dataclasses import dataclass

FAULTS = ("timeout_before", "timeout_after", "error_500")
OPERATIONS = ("*", "ship", "recall", "follow", "return")


@dataclass(slots=True)
class Fault:
    """A call that times out is answered after ``seconds``, by a gateway that gave up: it tells nothing."""

    fault: str
    operation: str = "*"
    count: int = 1
    seconds: float = 0

    def __post_init__(self) -> None:
        if self.fault not in FAULTS:
            raise ValueError(f"fault is one of {', '.join(FAULTS)}")
        if self.operation not in OPERATIONS:
            raise ValueError(f"operation is one of {', '.join(OPERATIONS)}")
        if type(self.count) is not int or self.count < 1:
            raise ValueError("count is a whole number from 1")
        if type(self.seconds) not in (int, float) or not 0 <= self.seconds <= 3600:
            raise ValueError("seconds is a number from 0 to 3600")


class Faults:
    """What is armed, oldest first."""

    def __init__(self) -> None:
        self.armed: list[Fault] = []

    def arm(self, fault: Fault) -> None:
        self.armed.append(fault)

    def take(self, operation: str) -> Fault | None:
        """The oldest fault that hits the call, which uses it up."""
        fault = next((each for each in self.armed if each.operation in ("*", operation)), None)
        if fault is not None:
            fault.count -= 1
            self.armed = [each for each in self.armed if each.count]
        return fault
