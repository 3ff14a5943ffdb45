"""Findings of the linter."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LintFinding:
    """A defect of a definition.

    Attributes:
        rule: the rule's name, such as ``catch-all``.
        definition: the name of the definition it is in.
        state: the state; empty for the whole machine.
        field: the field inside the state, such as ``Retry[0]``; empty for the whole state.
        why: the consequence of the defect.
        fix: how to correct it.
    """

    rule: str
    definition: str
    state: str
    field: str
    why: str
    fix: str

    @property
    def location(self) -> str:
        return "/".join(part for part in (self.state, self.field) if part) or "the machine"

    def __str__(self) -> str:
        return f"{self.definition}: {self.location}: {self.rule}\n  why:  {self.why}\n  fix:  {self.fix}"
