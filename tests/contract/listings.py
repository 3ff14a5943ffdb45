"""Walking a listing page by page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from oms.ports import Page

T = TypeVar("T")


def walked(listing: Callable[[int, str | None], Page[T]], limit: int) -> list[T]:
    """All of a listing, in pages of at most ``limit``."""
    page = listing(limit, None)
    found = list(page.items)
    while page.cursor is not None:
        page = listing(limit, page.cursor)
        assert len(page.items) <= limit
        found += page.items
    return found
