"""Lists of places that are too long to be read: walked from the latest on, several side by side, in parts.

The sparsest leads, and each of its places is looked up in the others. So what is rare in one list is found fast,
whichever it is, and of two long lists that have much in common both are read in large parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

FIRST_PART = 25
LARGEST_PART = 1000
PAST_ALL = ""
"""What is known to its end reaches back further than any place."""

Read = Callable[[str, int], Sequence[str]]
"""``read(until, count)``: the latest ``count`` places at or before ``until``, latest first; fewer at the end."""


class Part:
    """A list, or a part of one that is split: asked only for ever earlier places."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._known: Sequence[str] = ()
        self._at = self._served = 0
        self._size = FIRST_PART
        self._ended = False

    def latest(self, until: str, or_at: bool = False) -> str | None:
        """Its latest place before ``until``, or at it."""
        while True:
            while self._at < len(self._known) and not self._is_below(until, or_at):
                self._at += 1
            if self._at < len(self._known):
                self._served += 1
                return self._known[self._at]
            if self._ended:
                return None
            self._go_on(until)

    def _is_below(self, until: str, or_at: bool) -> bool:
        here = self._known[self._at]
        return here < until or (or_at and here == until)

    def _go_on(self, until: str) -> None:
        """Twice as far as the time before where that was of use, and no further than at first where it wasn't."""
        if self._known:
            self._size = min(2 * self._size, LARGEST_PART) if self._served > 1 else FIRST_PART
        self._known, self._at, self._served = self._read(until, self._size), 0, 0
        self._ended = len(self._known) < self._size

    @property
    def reach(self) -> str:
        """How far back it is known."""
        return PAST_ALL if self._ended or not self._known else self._known[-1]


class Trail:
    """A list, in as many parts as it is split into; ``part_of`` tells where a place would be."""

    def __init__(self, parts: Sequence[Part], part_of: Callable[[str], int] = lambda _: 0) -> None:
        self._parts, self._part_of = parts, part_of

    def before(self, until: str) -> str | None:
        return max(filter(None, [part.latest(until) for part in self._parts]), default=None)

    def has(self, place: str) -> bool:
        return self._parts[self._part_of(place)].latest(place, or_at=True) == place

    def reach(self, until: str) -> str:
        """How far back its first parts reach: the further, the sparser it is."""
        self.before(until)
        return max(part.reach for part in self._parts)


def meet(trails: Sequence[Trail], before: str) -> Iterator[tuple[str, bool]]:
    """The places of the sparsest list before ``before``, latest first, each with whether it is in all the others."""
    leader, *others = sorted(trails, key=lambda trail: trail.reach(before)) if len(trails) > 1 else trails
    while (place := leader.before(before)) is not None:
        yield place, all(other.has(place) for other in others)
        before = place
