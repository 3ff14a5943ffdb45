"""The intersection of sorted lists that are too long to be read: walked from the latest position on, part by part.

The sparsest list leads, and each of its positions is looked up in the others. So a position that is rare in any list is
found fast, and of two long lists that have much in common both are read in large parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

FIRST_SIZE = 25
MAX_SIZE = 1000
BEFORE_ALL = ""
"""The reach of a list that is known to its end: before any position."""

Read = Callable[[str, int], Sequence[str]]
"""``read(until, count)``: the latest ``count`` positions at or before ``until``, latest first; fewer at the end."""


class ListShard:
    """A list, or one shard of it. It is asked only for ever earlier positions."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._positions: Sequence[str] = ()
        self._at = self._used = 0
        self._size = FIRST_SIZE
        self._ended = False

    def latest(self, until: str, or_at: bool = False) -> str | None:
        """The latest position before ``until``, or at it."""
        while True:
            while self._at < len(self._positions) and not self._is_below(until, or_at):
                self._at += 1
            if self._at < len(self._positions):
                self._used += 1
                return self._positions[self._at]
            if self._ended:
                return None
            self._read_part(until)

    def _is_below(self, until: str, or_at: bool) -> bool:
        position = self._positions[self._at]
        return position < until or (or_at and position == until)

    def _read_part(self, until: str) -> None:
        """Read twice as much as the last time if that was of use, otherwise as little as at first."""
        if self._positions:
            self._size = min(2 * self._size, MAX_SIZE) if self._used > 1 else FIRST_SIZE
        self._positions, self._at, self._used = self._read(until, self._size), 0, 0
        self._ended = len(self._positions) < self._size

    @property
    def reach(self) -> str:
        """The earliest position that has been read."""
        return BEFORE_ALL if self._ended or not self._positions else self._positions[-1]


class ShardedList:
    """A list, in as many shards as it is split into; ``shard_of`` says in which a position would be."""

    def __init__(self, shards: Sequence[ListShard], shard_of: Callable[[str], int] = lambda _: 0) -> None:
        self._shards, self._shard_of = shards, shard_of

    def before(self, until: str) -> str | None:
        return max(filter(None, [shard.latest(until) for shard in self._shards]), default=None)

    def has(self, position: str) -> bool:
        return self._shards[self._shard_of(position)].latest(position, or_at=True) == position

    def reach(self, until: str) -> str:
        """How far back the first parts of its shards reach: the earlier, the sparser the list."""
        self.before(until)
        return max(shard.reach for shard in self._shards)


def intersection(lists: Sequence[ShardedList], before: str) -> Iterator[tuple[str, bool]]:
    """The positions of the sparsest list before ``before``, latest first, each with whether all other lists have it."""
    leader, *others = sorted(lists, key=lambda each: each.reach(before)) if len(lists) > 1 else lists
    while (position := leader.before(before)) is not None:
        yield position, all(other.has(position) for other in others)
        before = position
