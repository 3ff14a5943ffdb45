"""A defect to be planted in a copy of the shop."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """The defect, the story that reveals it, and its edits: a file, the text to replace, the new text."""

    wrong: str
    story: str
    edits: tuple[tuple[str, str, str], ...]


def mutant(wrong: str, story: str, path: str, whole: str, broken: str) -> Mutant:
    return Mutant(wrong, story, ((path, whole, broken),))
