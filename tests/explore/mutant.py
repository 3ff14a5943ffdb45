"""A fault to be planted in a copy of the shop."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """What is wrong, the story in which it shows, and each edit: a file, what stands there, what then does."""

    wrong: str
    story: str
    edits: tuple[tuple[str, str, str], ...]


def mutant(wrong: str, story: str, path: str, whole: str, broken: str) -> Mutant:
    return Mutant(wrong, story, ((path, whole, broken),))
