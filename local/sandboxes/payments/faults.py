"""Calls that go wrong on demand: ``POST /_sandbox/next`` says which of the next ones, and how.

    timeout_before   the call is lost on its way: nothing happens, and no answer comes
    timeout_after    the call does what it does, its key keeps the answer, and no answer comes
    error_500        an internal error before any effect, kept under the call's key as Stripe keeps it
    decline          the issuer declines the card (of a confirm)

A call without an answer is cut off after ``seconds``, 0 by default, so that nobody has to wait for it. The last two
need a call that does its work: one that an idempotency key answers leaves them armed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

FAULTS = ("timeout_before", "timeout_after", "error_500", "decline")
OPERATIONS = ("create", "retrieve", "list", "search", "confirm", "capture", "cancel", "refund")


@dataclass(slots=True)
class Fault:
    fault: str
    operation: str = "*"
    count: int = 1
    seconds: float = 0

    def __post_init__(self) -> None:
        if self.fault not in FAULTS:
            raise ValueError(f"fault is one of {', '.join(FAULTS)}")
        if self.operation not in ("*", *OPERATIONS):
            raise ValueError(f"operation is * or one of {', '.join(OPERATIONS)}")
        if type(self.count) is not int or self.count < 1:
            raise ValueError("count is a whole number from 1")
        if type(self.seconds) not in (int, float) or not 0 <= self.seconds <= 3600:
            raise ValueError("seconds is a number from 0 to 3600")
        if self.fault == "decline" and self.operation not in ("*", "confirm"):
            raise ValueError("a confirm is what can be declined")

    def hits(self, operation: str) -> bool:
        if self.fault == "decline":
            return operation == "confirm"
        return self.operation in ("*", operation)


class Faults:
    """What is armed, oldest first."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []

    def arm(self, wanted: Any) -> None:
        """Raises ``ValueError`` for what can't be armed."""
        names = {field.name for field in fields(Fault)}
        if not isinstance(wanted, dict) or "fault" not in wanted or not names.issuperset(wanted):
            raise ValueError(f"a JSON object is needed, with fault, and of {', '.join(sorted(names))} only")
        self._armed.append(Fault(**wanted))

    def disarm(self) -> None:
        self._armed.clear()

    @property
    def armed(self) -> list[Fault]:
        return list(self._armed)

    def take(self, operation: str, *kinds: str) -> Fault | None:
        """The oldest fault of these kinds that hits the call, which uses it up."""
        for fault in self._armed:
            if fault.fault in kinds and fault.hits(operation):
                fault.count -= 1
                if not fault.count:
                    self._armed.remove(fault)
                return fault
        return None
