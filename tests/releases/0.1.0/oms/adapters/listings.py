"""What every search engine keeps of a listing to show it, and its pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from oms.adapters import cursors
from oms.domain.catalogue import Product
from oms.domain.errors import InvalidRequest
from oms.domain.money import Money
from oms.domain.search import WINDOW, Listing, Query


def stored(listing: Listing) -> dict[str, Any]:
    return asdict(listing)


def listing_of(kept: Mapping[str, Any]) -> Listing:
    product = kept["product"]
    return Listing(Product(**{**product, "price": Money(**product["price"])}), kept["in_stock"], kept["version"])


def start_of(query: Query) -> int:
    """How many hits went before. Raises ``InvalidRequest`` for a cursor that isn't one, or is of another query."""
    if query.cursor is None:
        return 0
    place = cursors.decode(query.cursor, frozenset({"of", "after"}), of=query.mark)["after"]
    if not (place.isdecimal() and place.isascii() and len(place) < 6 and int(place) + query.limit <= WINDOW):
        raise InvalidRequest("this cursor is none of ours")
    return int(place)


def cursor_after(query: Query, seen: int, total: int) -> str | None:
    more = seen < total and seen + query.limit <= WINDOW
    return cursors.encode({"of": query.mark, "after": str(seen)}) if more else None
