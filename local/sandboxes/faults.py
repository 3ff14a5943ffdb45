"""Fault injection: ``POST /_sandbox/next`` arms faults for the next calls of a sandbox.

    timeout_before   the call is lost on its way: it has no effect, and no answer comes
    timeout_after    the call has its effect, and no answer comes
    error_500        an internal error before any effect

A fault document is ``{"fault": …, "operation": "*", "count": 1, "seconds": 0}``. A call that times out is cut off after
``seconds``. A sandbox can have faults of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any

TIMEOUTS = ("timeout_before", "timeout_after")
COMMON_FAULTS = (*TIMEOUTS, "error_500")
ANY = "*"
MOST_SECONDS = 3600


@dataclass(slots=True)
class InjectedFault:
    """A fault of the next ``count`` calls of an operation."""

    fault: str
    operation: str = ANY
    count: int = 1
    seconds: float = 0


class SandboxFaults:
    """The faults that are armed, oldest first.

    Args:
        operations: the operations of the sandbox.
        own_faults: faults that only one operation can have: the operation by the fault.
    """

    def __init__(self, operations: Collection[str], own_faults: Mapping[str, str] | None = None) -> None:
        self._operations, self._own_faults = operations, own_faults or {}
        self._armed: list[InjectedFault] = []

    def arm(self, document: Any) -> None:
        """Arm a fault. Raises ``ValueError`` for an invalid document."""
        names = {field.name for field in fields(InjectedFault)}
        if not isinstance(document, dict) or "fault" not in document or not names.issuperset(document):
            raise ValueError(f"a JSON object is needed, with fault, and of {', '.join(sorted(names))} only")
        fault = InjectedFault(**document)
        self._check(fault)
        self._armed.append(fault)

    def _check(self, fault: InjectedFault) -> None:
        faults = (*COMMON_FAULTS, *self._own_faults)
        if fault.fault not in faults:
            raise ValueError(f"fault is one of {', '.join(faults)}")
        if fault.operation not in (ANY, *self._operations):
            raise ValueError(f"operation is {ANY} or one of {', '.join(self._operations)}")
        if type(fault.count) is not int or fault.count < 1:
            raise ValueError("count is a whole number from 1")
        if type(fault.seconds) not in (int, float) or not 0 <= fault.seconds <= MOST_SECONDS:
            raise ValueError(f"seconds is a number from 0 to {MOST_SECONDS}")
        only = self._own_faults.get(fault.fault, fault.operation)
        if fault.operation not in (ANY, only):
            raise ValueError(f"{fault.fault} is a fault of {only} only")

    def disarm(self) -> None:
        self._armed.clear()

    @property
    def armed(self) -> list[InjectedFault]:
        return list(self._armed)

    def take(self, operation: str, *faults: str) -> InjectedFault | None:
        """The oldest fault of an operation, of these kinds or of any. It is used up once its count is."""
        for fault in self._armed:
            if (not faults or fault.fault in faults) and self._hits(fault, operation):
                fault.count -= 1
                if not fault.count:
                    self._armed.remove(fault)
                return fault
        return None

    def _hits(self, fault: InjectedFault, operation: str) -> bool:
        own = self._own_faults.get(fault.fault)
        return own == operation if own else fault.operation in (ANY, operation)
