"""Shared code of the memory adapters: state that can be copied and restored, and paging."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar

from oms.adapters import cursors
from oms.ports import Page

T = TypeVar("T")


class RestorableState:
    """Its whole state is the dicts and lists that ``STATE`` names. Their values are immutable, so a copy is shallow."""

    STATE: ClassVar[tuple[str, ...]]

    def copy(self) -> tuple[Any, ...]:
        """A copy of the state, which can be restored any number of times."""
        return tuple([getattr(self, name).copy() for name in self.STATE])

    def restore(self, state: tuple[Any, ...]) -> None:
        for name, value in zip(self.STATE, state, strict=True):
            setattr(self, name, value.copy())


def page(
    listing: str,
    items: Iterable[T],
    key: Callable[[T], tuple[str, str]],
    limit: int,
    cursor: str | None,
    newest_first: bool = False,
) -> Page[T]:
    """The next part of a listing, sorted by ``key``."""
    ordered = sorted(items, key=key, reverse=newest_first)
    if cursor is not None:
        after = cursors.decode(cursor, frozenset({"listing", "by", "id"}), listing=listing)
        last = (after["by"], after["id"])
        ordered = [each for each in ordered if (key(each) < last if newest_first else key(each) > last)]
    part = tuple(ordered[:limit])
    if len(part) == len(ordered):
        return Page(part)
    by, identity = key(part[-1])
    return Page(part, cursors.encode({"listing": listing, "by": by, "id": identity}))
