"""What the linter says: one record a finding."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that will go wrong one day.

    Attributes:
        rule: the rule's name, such as ``catch-all``.
        definition: the name of the definition it is in.
        state: the state; empty for the machine as a whole.
        field: the field inside the state, such as ``Retry[0]``; empty for the state as a whole.
        why: what goes wrong.
        mend: what to do about it.
    """

    rule: str
    definition: str
    state: str
    field: str
    why: str
    mend: str

    @property
    def place(self) -> str:
        return "/".join(each for each in (self.state, self.field) if each) or "the machine"

    def __str__(self) -> str:
        return f"{self.definition}: {self.place}: {self.rule}\n  why:  {self.why}\n  mend: {self.mend}"
