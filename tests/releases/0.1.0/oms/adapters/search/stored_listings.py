"""Listings as every search engine stores them, and cursors over hits."""

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


def listing_of(document: Mapping[str, Any]) -> Listing:
    product = document["product"]
    return Listing(
        Product(**{**product, "price": Money(**product["price"])}), document["in_stock"], document["version"]
    )


def start_of(query: Query) -> int:
    """The number of hits before the page. Raises ``InvalidRequest`` for a cursor of another query."""
    if query.cursor is None:
        return 0
    offset = cursors.decode(query.cursor, frozenset({"of", "after"}), of=query.fingerprint)["after"]
    if not (offset.isdecimal() and offset.isascii() and len(offset) < 6 and int(offset) + query.limit <= WINDOW):
        raise InvalidRequest("this cursor is none of ours")
    return int(offset)


def cursor_after(query: Query, offset: int, total: int) -> str | None:
    more = offset < total and offset + query.limit <= WINDOW
    return cursors.encode({"of": query.fingerprint, "after": str(offset)}) if more else None
