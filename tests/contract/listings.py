"""Reading a listing page by page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from oms.ports import Page

T = TypeVar("T")


def walked(listing: Callable[[int, str | None], Page[T]], limit: int) -> list[T]:
    """All items of a listing, in pages of ``limit``. Only the last may be shorter."""
    page = listing(limit, None)
    items = list(page.items)
    while page.cursor is not None:
        assert len(page.items) == limit
        page = listing(limit, page.cursor)
        items += page.items
    assert len(page.items) <= limit
    return items
