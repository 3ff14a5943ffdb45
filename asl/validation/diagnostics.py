"""What validation says: one record a fault, as ValidateStateMachineDefinition returns it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SCHEMA = "SCHEMA_VALIDATION_FAILED"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A fault and its place.

    Attributes:
        severity: ``ERROR`` (the definition can't be created) or ``WARNING``.
        code: such as ``SCHEMA_VALIDATION_FAILED`` or ``MISSING_TRANSITION_TARGET``.
        message: a text for people.
        location: a pointer such as ``/States/Charge/Next``; None where AWS gives none.
    """

    severity: str
    code: str
    message: str
    location: str | None = None

    def __str__(self) -> str:
        return f"{self.code}: {self.message} at {self.location or 'null'}"

    def as_json(self) -> dict[str, str]:
        """The record as the API spells it."""
        answer = {"severity": self.severity, "code": self.code, "message": self.message}
        if self.location is not None:
            answer["location"] = self.location
        return answer


class InvalidDefinition(ValueError):
    """The definition can't be created. Its text is the message of the API's error of the same name.

    Attributes:
        diagnostics: the faults, all of severity ``ERROR``.
    """

    def __init__(self, diagnostics: list[Diagnostic]) -> None:
        super().__init__(f"Invalid State Machine Definition: '{', '.join(map(str, diagnostics))}'")
        self.diagnostics = diagnostics


class Report:
    """Faults as they are found."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []

    def error(self, location: str | None, message: str, code: str = SCHEMA) -> None:
        self._add(Diagnostic("ERROR", code, message, location))

    def warning(self, location: str, message: str, code: str) -> None:
        self._add(Diagnostic("WARNING", code, message, location))

    def expect(self, location: str, value: Any, kinds: type | tuple[type, ...], name: str) -> bool:
        """True if the value is of the kind; a boolean is no number. Else the fault is noted."""
        right = isinstance(value, kinds) and not (isinstance(value, bool) and kinds is not bool)
        if not right:
            self.error(location, f"Expected value of type {name}")
        return right

    def _add(self, diagnostic: Diagnostic) -> None:
        if diagnostic not in self.diagnostics:
            self.diagnostics.append(diagnostic)
