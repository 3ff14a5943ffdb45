"""Diagnostics of a definition, as ValidateStateMachineDefinition returns them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SCHEMA = "SCHEMA_VALIDATION_FAILED"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One error or warning and its location.

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
        """The diagnostic as the API returns it."""
        fields = {"severity": self.severity, "code": self.code, "message": self.message}
        if self.location is not None:
            fields["location"] = self.location
        return fields


class InvalidDefinition(ValueError):
    """The definition can't be created. Its text is the message of the API's error of the same name.

    Attributes:
        diagnostics: the errors, all of severity ``ERROR``.
    """

    def __init__(self, diagnostics: list[Diagnostic]) -> None:
        super().__init__(f"Invalid State Machine Definition: '{', '.join(map(str, diagnostics))}'")
        self.diagnostics = diagnostics


class DiagnosticsCollector:
    """Collects diagnostics, each once, in the order of the checks."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []

    @property
    def errors(self) -> list[Diagnostic]:
        return [diagnostic for diagnostic in self.diagnostics if diagnostic.severity == "ERROR"]

    def error(self, location: str | None, message: str, code: str = SCHEMA) -> None:
        self._add(Diagnostic("ERROR", code, message, location))

    def warning(self, location: str, message: str, code: str) -> None:
        self._add(Diagnostic("WARNING", code, message, location))

    def expect(self, location: str, value: Any, kinds: type | tuple[type, ...], name: str) -> bool:
        """True if the value has the type (a boolean is no number); else adds an error."""
        matches = isinstance(value, kinds) and not (isinstance(value, bool) and kinds is not bool)
        if not matches:
            self.error(location, f"Expected value of type {name}")
        return matches

    def _add(self, diagnostic: Diagnostic) -> None:
        if diagnostic not in self.diagnostics:
            self.diagnostics.append(diagnostic)
